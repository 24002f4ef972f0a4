"""Reading a picture's bytes, whatever the file turns out to be."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from clipseek.sources import Record, Skipped, TarMember

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class Unreadable(Exception):
    """A file whose bytes cannot be had; the text is the reason."""


def read_file(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file of at most ``max_bytes``; links to one are followed.

    Raises Unreadable, and never blocks on a pipe.
    """
    try:
        if isinstance(path, TarMember):
            _check_size(path.size, max_bytes)
            data = path.read_bytes()
        else:
            data = _read_regular(path, max_bytes)
    except FileNotFoundError:
        raise Unreadable("a link to nothing" if os.path.islink(path) else "no such file") from None
    except (OSError, ValueError) as problem:
        words = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise Unreadable(words[:1].lower() + words[1:]) from None
    if not data:
        raise Unreadable("empty file")
    return data


def _read_regular(path: Path, max_bytes: int) -> bytes:
    # Opened first and examined afterwards: what is examined is what is read. Without O_NONBLOCK a pipe would wait for its
    # writer.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if kind := _KINDS.get(stat.S_IFMT(status.st_mode)):
            raise Unreadable(f"{kind}, not a file")
        _check_size(status.st_size, max_bytes)
        with open(handle, "rb", closefd=False) as stream:
            return stream.read(max_bytes + 1)
    finally:
        os.close(handle)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise Unreadable(f"too large: {size / 1e6:.0f} MB, the limit is {max_bytes / 1e6:.0f} MB (--max-megabytes)")


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
