"""What a source yields: records, and the files that are none."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from clipseek.files.text import canonical

from .errors import SourceError

#: A cell of a manifest. A JSON list becomes a tuple of its items as text.
MetadataValue: TypeAlias = "str | float | int | bool | tuple[str, ...]"


@dataclass(frozen=True)
class Record:
    """One picture and what its source says of it.

    ``id`` is the manifest's own id, or ``None``; ``captions`` may be empty; ``group`` is the concept, patient or
    article that several pictures share (one side of a split, mutual positives). Captions and group are ``canonical``.
    ``beside``: files in which a program wrote what it would else write into the picture (XMP, a photo export's JSON), unread.
    """

    id: str | None
    image: Path
    captions: tuple[str, ...] = ()
    group: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    beside: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        captions = tuple(map(canonical, self.captions))
        if captions != self.captions:
            object.__setattr__(self, "captions", tuple(dict.fromkeys(captions)))
        if self.group is not None:
            object.__setattr__(self, "group", canonical(self.group))

    @property
    def caption(self) -> str:
        """The first caption, or an empty string."""
        return self.captions[0] if self.captions else ""

    @property
    def split(self) -> str | None:
        """What the source calls the part that the picture belongs to, its metadata ``split``; None where it names none."""
        value = self.metadata.get("split")
        return None if value is None or isinstance(value, tuple) else str(value).strip() or None


@dataclass(frozen=True)
class Skipped:
    """A file that yields no record: what it is, and the error behind it where a strict reader should stop; ``captions``: how many
    are lost with it, where they can be counted."""

    path: Path
    kind: str
    reason: str
    error: SourceError | None = None
    captions: int = 0


def records_of(entries: Iterable[Record | Skipped]) -> Iterator[Record]:
    """The records of ``entries``; the error of a file that yields none, where it has one, is raised."""
    for entry in entries:
        if isinstance(entry, Record):
            yield entry
        elif entry.error is not None:
            raise entry.error


def shown(path: str | os.PathLike[str]) -> str:
    """A path as text that every terminal and JSON writer takes: bytes that are no UTF-8 become ``\\xNN``."""
    text = os.fspath(path)
    return text if text.isascii() else os.fsencode(text).decode("utf-8", "backslashreplace")


def on_disk(folder: Path, name: str) -> Path:
    """The file ``name`` in ``folder``; where there is none, the one whose name is the same but composed or decomposed, if any."""
    if name.isascii() or os.path.lexists(folder / name):
        return folder / name
    forms = [folder / unicodedata.normalize("NFC", name), folder / unicodedata.normalize("NFD", name)]
    return next(filter(os.path.lexists, forms), folder / name)
