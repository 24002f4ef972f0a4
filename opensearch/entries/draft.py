"""A source's entry before its picture is read, and after."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeAlias

from clipseek.encoder.pictures.parts import Parting
from clipseek.sources import Record, Skipped, TarMember

from ..index.columns import DeclaredColumns
from ..index.documents import Item, item
from ..index.image_uri import image_uri
from ..index.places import entry_key
from .files import Unreadable, read_file
from .seen import Seen

#: A file may change twice within one tick of its file system's clock. What is younger is not taken for known by its time: the
#: kernel's tick is 4 ms, and where no file has parts of a second, the file system counts in one or two of them.
_YOUNG_SECONDS, _YOUNG_WHOLE_SECONDS = 0.05, 2.5


@dataclass(frozen=True)
class Draft:
    """An entry whose file was not read: ``item`` lacks what its bytes decide. ``stat``: the file's size and time, None where they
    say nothing. ``record`` and ``number``: what the item was made of.
    """

    item: Item
    stat: str | None
    record: Record
    number: int


class Describe(Hashable, Protocol):
    """Adds to records what their pictures' own files say (``sources.Source.own_words``); its ``repr`` says what of it."""

    def of(self, entries: Iterator[Record | Skipped]) -> Iterator[Record | Skipped]: ...


#: An entry that was read: its item and its file's bytes, or why they cannot be had; and what else is to be said of it.
Read: TypeAlias = "tuple[Item, bytes] | Skipped"


def draft_of(
    entry: Record | Skipped,
    columns: DeclaredColumns,
    source: str,
    seen: Seen,
    describe: Describe | None = None,
    parting: Parting | None = None,
) -> Draft | Skipped:
    """The draft of a record, or why it can be none; its key is kept as seen."""
    if isinstance(entry, Skipped):
        seen.add_key(entry_key(source, image_uri(entry.path)))  # it is in the source, whatever is wrong with it
        return entry
    stat = stat_of(entry.image)
    if stat is not None and describe is not None:
        # Files beside the picture that say something of it count, too.
        stats = [stat_of(path) for path in entry.beside]
        stat = None if None in stats else f"({stat!r}, {stats!r}, {_said(describe)})"
    if stat is not None and parting is not None:
        stat = repr((stat, parting))
    name = f"id {entry.id}" if entry.id is not None else os.fsdecode(entry.image)
    try:
        # An id, or a file, may be named in several rows, each with its captions.
        number = seen.number(name)
        made = item(entry, "", columns, source, number, stat)
    except ValueError as problem:
        return Skipped(entry.image, "unusable id", str(problem), captions=len(entry.captions))
    seen.add_key(made.key)
    return Draft(made, stat, entry, number)


@lru_cache(maxsize=4)
def _said(describe: Hashable) -> str:
    """Its ``repr``, which is asked for with every entry."""
    return repr(describe)


def read_draft(draft: Draft, max_bytes: int) -> Skipped | tuple[Item, bytes]:
    """The item with what its bytes decide, and the bytes; or why they cannot be had."""
    try:
        data = read_file(draft.item.path, max_bytes)
    except Unreadable as problem:
        return Skipped(draft.item.path, "unreadable", str(problem), captions=draft.item.captions_in)
    read = draft.item.read(hashlib.sha256(data).hexdigest())
    return read, data


def read_whole(
    draft: Draft, max_bytes: int, columns: DeclaredColumns, source: str, describe: Describe | None
) -> list[Read]:
    """``read_draft`` with what the picture's own file says, and what cannot be read of that."""
    before = stat_of(draft.item.path)
    read = read_draft(draft, max_bytes)
    if isinstance(read, Skipped):
        return [read]
    own, data = read
    others: list[Read] = []
    if describe is not None:
        for entry in describe.of(iter((draft.record,))):
            if isinstance(entry, Skipped):
                others.append(entry)
            elif entry is not draft.record:
                more = item(entry, own.content_hash, columns, source, draft.number)
                own = replace(more, id=own.id, token=own.token, first=own.first)
    # Written while it was read: looked at again the next time.
    return [(replace(own, token=None) if stat_of(draft.item.path) != before else own, data), *others]


def stat_of(path: Path, now: float | None = None) -> str | None:
    """Size and time of the file, by which it is known to be the same; None where there is no file, or it changed just now."""
    try:
        status = os.stat(path.archive if isinstance(path, TarMember) else path)
    except (OSError, ValueError):
        return None
    age = (time.time() if now is None else now) - status.st_mtime
    if 0 <= age < (_YOUNG_SECONDS if status.st_mtime_ns % 1_000_000_000 else _YOUNG_WHOLE_SECONDS):
        return None
    inside = f"-{path.start}-{path.size}" if isinstance(path, TarMember) else ""
    return f"{status.st_size}-{status.st_mtime_ns}{inside}"
