"""Reading a picture's bytes, whatever the file turns out to be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.files import read_file as read_picture_file
from clipseek.sources import Record, Skipped, TarMember


class Unreadable(Exception):
    """A file whose bytes cannot be had; the text is the reason."""


def read_file(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file of at most ``max_bytes``; links to one are followed.

    Raises Unreadable, and never blocks on a pipe.
    """
    try:
        return read_picture_file(path, max_bytes / 1e6)
    except ImageError as problem:
        raise Unreadable(str(problem)) from None


def first_files(entries: Iterable[Record | Skipped], number: int, max_bytes: int) -> Iterator[bytes]:
    """What the readable ones of the first ``number`` entries hold."""
    for entry in islice(entries, number):
        if isinstance(entry, Record):
            with contextlib.suppress(Unreadable):
                yield read_file(entry.image, max_bytes)


def size_of(path: Path) -> int:
    """The file's size in bytes, or 0 where it is not known."""
    if isinstance(path, TarMember):
        return path.size
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0
