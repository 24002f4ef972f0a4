"""From records to records with what their pictures' own files say: captions where they are wanted, and fields to filter by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from ..captions import shows
from ..errors import SourceError
from ..record import Record, Skipped
from .dicom import check_tags
from .file import read_beside, read_file
from .found import NOTHING, Embedded

#: Where captions come from. ``sidecar``: what the source itself has of a picture, beside it or in its manifest.
CaptionsFrom: TypeAlias = Literal["auto", "sidecar", "embedded", "both", "none"]
CAPTIONS_FROM: tuple[CaptionsFrom, ...] = get_args(CaptionsFrom)


@dataclass(frozen=True)
class OwnWords:
    """``captions``: ``auto`` takes the file's own words where the source has no caption. ``fields``: keywords, time and camera
    become metadata, and with ``place`` where it was; what the source says under these names stays.
    ``dicom``: DICOM's names of the descriptions that are its captions."""

    captions: CaptionsFrom = "auto"
    fields: bool = False
    place: bool = False
    dicom: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_tags(self.dicom)
        if self.captions not in CAPTIONS_FROM:
            raise SourceError(f"captions {self.captions!r} are not known; choose one of {', '.join(CAPTIONS_FROM)}")

    def of(self, entries: Iterator[Record | Skipped]) -> Iterator[Record | Skipped]:
        """``entries`` with what the files say. A stream; a file is read only where something of it is wanted."""
        for entry in entries:
            if isinstance(entry, Skipped):
                yield entry
                continue
            yield from self._told(entry)

    def _told(self, record: Record) -> Iterator[Record | Skipped]:
        problems: list[str] = []
        beside = NOTHING
        if record.beside and self.captions not in ("embedded", "none"):
            for path in record.beside:
                said, wrong = read_beside(path, record.image)
                beside, problems = beside.and_then(said), problems + wrong
        inside = NOTHING
        if self._reads_file(any(map(shows, record.captions)) or bool(beside.captions)):
            inside, wrong = read_file(record.image, self.dicom)
            problems += wrong
        captions = self._captions(record, beside, inside)
        metadata = {**inside.fields(place=self.place), **beside.fields(place=self.place)} if self.fields else {}
        if captions != record.captions or metadata:
            record = replace(record, captions=captions, metadata={**metadata, **record.metadata})
        yield record
        for reason in problems:
            yield Skipped(record.image, "unreadable metadata", reason)

    def _reads_file(self, has_captions: bool) -> bool:
        if self.captions in ("embedded", "both"):
            return True
        return self.captions == "auto" and (self.fields or not has_captions)

    def _captions(self, record: Record, beside: Embedded, inside: Embedded) -> tuple[str, ...]:
        own = tuple(filter(shows, record.captions))
        if self.captions == "none":
            return ()
        if self.captions == "embedded":
            return inside.captions
        if self.captions == "both":
            return tuple(dict.fromkeys((*record.captions, *beside.and_then(inside).captions)))
        return record.captions if own else record.captions + (beside.captions or inside.captions)
