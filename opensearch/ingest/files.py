"""Reading a picture's bytes, whatever the file turns out to be."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from clipseek.sources import Record, Skipped, TarMember

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


class Unreadable(Exception):
    """A file whose bytes cannot be had; the text is the reason."""


def read_file(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file of at most ``max_bytes``; links to one are followed.

    Raises Unreadable, and never blocks on a pipe.
    """
    if isinstance(path, TarMember):
        return _read_tar_member(path, max_bytes)
    try:
        # Opened first and examined afterwards: what is examined is what is read. Without O_NONBLOCK a pipe would wait for
        # its writer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise Unreadable("a link to nothing" if os.path.islink(path) else "no such file") from None
    except (OSError, ValueError) as problem:
        raise Unreadable(_reason(problem)) from None
    try:
        status = os.fstat(handle)
        for test, kind in _KINDS:
            if test(status.st_mode):
                raise Unreadable(f"{kind}, not a file")
        _check_size(status.st_size, max_bytes)
        with open(handle, "rb", closefd=False) as stream:
            data = stream.read(max_bytes + 1)
    except OSError as problem:
        raise Unreadable(_reason(problem)) from None
    finally:
        os.close(handle)
    if not data:
        raise Unreadable("empty file")
    return data


def _read_tar_member(path: TarMember, max_bytes: int) -> bytes:
    _check_size(path.size, max_bytes)
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise Unreadable(_reason(problem)) from None
    if not data:
        raise Unreadable("empty file")
    return data


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


def _reason(problem: Exception) -> str:
    words = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return words[:1].lower() + words[1:]
