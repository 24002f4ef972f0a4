"""What a run asks an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .known import Document, There


class Lookup(Protocol):
    """What is in the index (``known.Known``)."""

    @property
    def has_parts(self) -> bool: ...

    def unchanged(self, tokens: Sequence[str], *, parted: bool = False) -> Mapping[str, There]: ...

    def documents(self, ids: Sequence[str]) -> dict[str, Document]: ...

    def elsewhere(self, keys: Mapping[str, str]) -> dict[str, list[str]]: ...
