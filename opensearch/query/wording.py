"""Which of a query's words a caption must have, as a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..errors import InvalidOption

Match: TypeAlias = Literal["any", "most", "all", "phrase"]
MATCHES: tuple[Match, ...] = ("any", "most", "all", "phrase")


@dataclass(frozen=True)
class Wording:
    """How a caption is searched for words. ``match`` and ``exact`` as in ``Query``, but chosen. Raises InvalidOption for an unknown
    match.
    """

    match: Match = "any"
    exact: bool = False

    def __post_init__(self) -> None:
        if self.match not in MATCHES:
            raise InvalidOption(f"match {self.match!r} is not known; choose one of {', '.join(MATCHES)}")

    def __str__(self) -> str:
        return f"{self.match} of the words" + (" as they are written" if self.exact else "")
