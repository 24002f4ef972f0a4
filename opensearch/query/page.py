"""Which of the hits are shown, and how, as a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import InvalidOption
from .limits import MAX_HITS, MAX_REACH


@dataclass(frozen=True)
class Page:
    """One page of a search's hits.

    size: hits on the page.
    start: hits before it.
    sort: a field to order hits by instead of their scores: ``FIELD``, ``FIELD:asc`` or ``FIELD:desc``.
    facets: fields whose values are counted over all that matched.
    group_duplicates: show one hit of pictures that are the same file.
    group_near: show one hit of pictures that look nearly the same, among each clause's candidates (``Fusion.depth``).
    min_cosine: mark hits below this cosine as irrelevant; ``auto`` is the cut-off that ``clipseek calibrate`` left in the index.

    Raises InvalidOption for a page that cannot be reached.
    """

    size: int = 10
    start: int = 0
    sort: str | None = None
    facets: tuple[str, ...] = ()
    group_duplicates: bool = False
    group_near: bool = False
    min_cosine: float | Literal["auto"] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_HITS:
            raise InvalidOption(f"{self.size} hits cannot be asked for; choose 1 to {MAX_HITS}")
        if self.start < 0 or self.end > MAX_REACH:
            raise InvalidOption(
                f"hits {self.start + 1:,} to {self.end:,} cannot be reached; OpenSearch pages from 1 to {MAX_REACH:,}: "
                "narrow the search with --filter"
            )
        if isinstance(self.min_cosine, str) and self.min_cosine != "auto":
            raise InvalidOption(f"cut-off {self.min_cosine!r} is neither auto nor a cosine, like 0.3")
        if isinstance(self.min_cosine, (int, float)) and not -1 <= self.min_cosine <= 1:
            raise InvalidOption(f"cosine {self.min_cosine} is outside -1 to 1")

    @property
    def end(self) -> int:
        """The number of its last hit."""
        return self.start + self.size
