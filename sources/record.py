"""What a source yields: records, and the files that are none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from .errors import SourceError

#: A cell of a manifest. A JSON list becomes a tuple of its items as text.
MetadataValue: TypeAlias = "str | float | int | bool | tuple[str, ...]"


@dataclass(frozen=True)
class Record:
    """One picture and what its source says of it.

    ``id`` is the manifest's own id, or ``None``; ``captions`` may be empty; ``group`` is the concept, patient or
    article that several pictures share (one side of a split, mutual positives).
    """

    id: str | None
    image: Path
    captions: tuple[str, ...] = ()
    group: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)

    @property
    def caption(self) -> str:
        """The first caption, or an empty string."""
        return self.captions[0] if self.captions else ""


@dataclass(frozen=True)
class Skipped:
    """A file that yields no record: what it is, and the error behind it where a strict reader should stop."""

    path: Path
    kind: str
    reason: str
    error: SourceError | None = None


def shown(path: str | os.PathLike[str]) -> str:
    """A path as text that every terminal and JSON writer takes: bytes that are no UTF-8 become ``\\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
