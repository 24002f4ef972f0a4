"""What reading a source will give, before anything is decoded: entries, captions, columns, and files that are not there."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .record import Record, Skipped
from .tars.tar_member import TarMember


@dataclass
class Outlook:
    """``entries`` = ``pictures`` + ``joined`` (further rows of the same picture) + ``skipped``. ``captions`` would be searchable,
    ``captions_lost`` are counted with what is skipped, by kind. ``columns``: how many pictures have each. ``documents``: of the
    pictures, where that was asked for."""

    entries: int = 0
    pictures: int = 0
    joined: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    captions: int = 0
    with_captions: int = 0
    captions_lost: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    documents: int = 0


def outlook(
    entries: Iterable[Record | Skipped],
    on_skip: Callable[[Skipped], None] = lambda entry: None,
    documents: Callable[[Path], int] | None = None,
) -> Outlook:
    """Go through ``entries``; files are looked for, not opened. ``on_skip`` gets what is skipped, of records too. ``documents``:
    how many a file becomes. Raises SourceError."""
    seen: set[bytes] = set()
    found = Outlook()
    for entry in entries:
        found.entries += 1
        if isinstance(entry, Record) and (why := _absent(entry.image)):
            entry = Skipped(entry.image, "unreadable", why, captions=len(entry.captions))
        if isinstance(entry, Skipped):
            found.skipped[entry.kind] += 1
            if entry.captions:
                found.captions_lost[entry.kind] += entry.captions
            on_skip(entry)
            continue
        found.captions += len(entry.captions)
        key = hashlib.blake2b(
            f"{entry.id}\0{entry.image}\0{getattr(entry.image, 'start', '')}".encode("utf-8", "replace"), digest_size=16
        ).digest()
        if key in seen:
            found.joined += 1
            continue
        seen.add(key)
        found.pictures += 1
        found.documents += documents(entry.image) if documents else 1
        found.with_captions += bool(entry.captions)
        found.columns.update(entry.metadata.keys())
    return found


def _absent(path: Path) -> str:
    """Why there is no file to read at ``path``; empty where there is one."""
    if isinstance(path, TarMember):
        return "" if path.size else "empty file"
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return "a link to nothing" if os.path.islink(path) else "no such file"
    except (OSError, ValueError) as problem:
        return str(getattr(problem, "strerror", None) or problem)
    if not stat.S_ISREG(status.st_mode):
        return "no regular file"
    return "" if status.st_size else "empty file"
