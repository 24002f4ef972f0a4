"""What a reader is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import ImageError
from ..rules import Rules


@dataclass(frozen=True)
class Asked:
    """``rules``: the bundle's choices. max_megapixels: more are refused. edge, reduce_to: as in ``size.least_edge``; None of both
    reads all of a picture. page: of several pages, frames or slices, from 1; None: as ``rules`` say."""

    rules: Rules
    max_megapixels: float
    edge: int | None = None
    reduce_to: int | None = None
    page: int | None = None

    def index(self, count: int, what: str, usual: int = 0) -> int:
        """The place of the page among ``count``, from 0; ``usual`` where none is asked for. Raises ImageError beyond them."""
        if self.page is None:
            return usual
        if self.page > count:
            raise ImageError(f"it has no {what} {self.page}, only {count}")
        return self.page - 1

    def words(self) -> dict[str, Any]:
        """As ``of`` takes it, in what JSON has."""
        return asdict(self)

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Asked:
        """What ``words`` gave, after JSON."""
        chosen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in words["rules"].items()
        }
        return cls(Rules(**chosen), words["max_megapixels"], words["edge"], words["reduce_to"], words["page"])
