"""A picture's bytes, whatever the file turns out to be: the one place that opens pictures' files, for every command."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from .errors import ImageError

#: Of a picture's file, in 10^6 bytes.
MAX_MEGABYTES = 256.0
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}
Result = TypeVar("Result")


@runtime_checkable
class Member(Protocol):
    """A path that knows its bytes itself: a picture inside an archive."""

    size: int

    def read_bytes(self) -> bytes: ...


def read_file(path: Path, max_megabytes: float = MAX_MEGABYTES) -> bytes:
    """The bytes of a regular file of at most ``max_megabytes``; links to one are followed.

    Raises ImageError with the reason (a pipe, a device, too large, empty, no such file), and never waits for a pipe's writer.
    """
    most = int(max_megabytes * 1e6)
    try:
        if isinstance(path, Member):
            _check_size(path.size, most)
            data = path.read_bytes()
        else:
            data = _read_regular(path, most)
    except FileNotFoundError:
        raise ImageError("a link to nothing" if os.path.islink(path) else "no such file") from None
    except ImageError:
        raise
    except (OSError, ValueError) as problem:
        words = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise ImageError(words[:1].lower() + words[1:]) from None
    if not data:
        raise ImageError("empty file")
    return data


def read_picture(path: Path, decode: Callable[[bytes], Result]) -> Result | str:
    """``decode`` of the file's bytes, or the reason in one line: the file's own (no such file), or ``decode``'s (truncated)."""
    try:
        return decode(read_file(path))
    except (OSError, ValueError) as problem:
        return getattr(problem, "strerror", None) or str(problem)


def _read_regular(path: Path, most: int) -> bytes:
    # Opened first and examined afterwards: what is examined is what is read. Without O_NONBLOCK a pipe would wait for its writer.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if kind := _KINDS.get(stat.S_IFMT(status.st_mode)):
            raise ImageError(f"{kind}, not a file")
        _check_size(status.st_size, most)
        with open(handle, "rb", closefd=False) as stream:
            return stream.read(most + 1)
    finally:
        os.close(handle)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise ImageError(f"too large: {size / 1e6:.0f} MB, the limit is {most / 1e6:.0f} MB (--max-megabytes)")
