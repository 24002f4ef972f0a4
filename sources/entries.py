"""Entries on their way from a reader to whoever asked: rows of one picture joined, captions that show nothing told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .captions import shows
from .errors import SourceError
from .record import Record, Skipped


def without_blank(entries: Iterator[Record | Skipped]) -> Iterator[Record | Skipped]:
    """``entries`` without captions that show nothing, which are counted after their record."""
    for entry in entries:
        blank = 0
        if isinstance(entry, Record) and not all(map(shows, entry.captions)):
            kept = tuple(filter(shows, entry.captions))
            blank = len(entry.captions) - len(kept)
            entry = replace(entry, captions=kept)
        yield entry
        if blank and isinstance(entry, Record):
            reason = (
                f"{blank:,} of its captions without anything to see: white space, zero-width characters or marks alone"
            )
            yield Skipped(entry.image, "caption that shows nothing", reason, captions=blank)


def merged(entries: Iterator[Record] | Iterator[Record | Skipped]) -> Iterator[Record | Skipped]:
    """Rows of one picture that follow each other, of the same id and split, become one record with all their captions."""
    held: Record | None = None
    try:
        for entry in entries:
            if isinstance(entry, Skipped):
                if held is not None:
                    yield held
                held = None
                yield entry
            elif held is not None and (entry.image, entry.id, entry.split) == (held.image, held.id, held.split):
                captions = dict.fromkeys(held.captions + entry.captions)
                held = replace(held, captions=tuple(captions), group=held.group or entry.group)
            else:
                if held is not None:
                    yield held
                held = entry
    except SourceError:
        # What came before the broken line is still good.
        if held is not None:
            yield held
        raise
    if held is not None:
        yield held
