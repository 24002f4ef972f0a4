"""Which files may be shown: pictures below the named folders, wherever links lead, and nothing else."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from clipseek.files.unpacked import HEAD, compression_of, copy_of
from clipseek.opensearch.index.image_uri import Place

from ..errors import Refused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_F_GETPATH = 50  # macOS: the path of an open file


class Window(io.RawIOBase):
    """``size`` bytes of an open file from ``start`` on, as a file of its own. Owns the descriptor."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self._descriptor, self._start, self.size, self._at = descriptor, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self.size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        wanted = max(0, min(len(view), self.size - self._at))
        data = os.pread(self._descriptor, wanted, self._start + self._at)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()

    def identity(self) -> tuple[int, ...]:
        """What changes when the bytes do: the file's device, number, size and times, and where in it."""
        found = os.fstat(self._descriptor)
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, self._start, self.size


class Roots:
    """The folders that the operator named."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._real = tuple(Path(os.path.realpath(folder)) for folder in folders)

    def open(self, place: Place) -> Window:
        """The picture's bytes. Raises Refused for what is outside, is no plain file, or is not there.

        The check is made on the opened file, so nobody can put a link in its place in between.
        """
        try:
            if not self._holds(os.path.realpath(place.file)):  # nothing outside is even opened
                raise _outside()
            if not stat.S_ISREG(os.stat(place.file).st_mode):  # opening a device may do things
                raise _no_file()
            descriptor = os.open(place.file, _FLAGS)
        except (OSError, ValueError) as problem:  # ValueError: a name with a zero byte
            raise _unreadable(problem) from None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _no_file()
            if not self._holds(_real_path(descriptor, place.file)):
                raise _outside()
            if place.size is not None and compression_of(os.pread(descriptor, HEAD, 0)):
                descriptor, found = _unpacked(place.file, descriptor, found)
            size = found.st_size if place.size is None else place.size
            if place.start + size > found.st_size:
                raise Refused(
                    404,
                    "picture-missing",
                    "The picture is not there",
                    "its archive has become shorter since it was indexed; ingest it again",
                )
            return Window(descriptor, place.start, size)
        except BaseException:
            os.close(descriptor)
            raise

    def _holds(self, real: str) -> bool:
        return any(Path(real).is_relative_to(root) for root in self._real)


def _real_path(descriptor: int, path: Path) -> str:
    """Where the opened file is, as the system knows it."""
    if sys.platform.startswith("linux"):
        return os.readlink(f"/proc/self/fd/{descriptor}")
    if sys.platform == "darwin":
        import fcntl

        return os.fsdecode(fcntl.fcntl(descriptor, _F_GETPATH, bytes(1024)).rstrip(b"\0"))
    return os.path.realpath(path)


def _unpacked(archive: Path, descriptor: int, status: os.stat_result) -> tuple[int, os.stat_result]:
    """What the open ``archive`` unpacks to, from the cache, open in its place. Raises Refused where the cache has it no more."""
    try:
        unpacked = os.open(copy_of(archive, status), _FLAGS)
    except FileNotFoundError:
        raise Refused(
            404,
            "picture-missing",
            "The picture is not there",
            "its archive is compressed and is not unpacked in the cache of this user; ingest it again",
        ) from None
    os.close(descriptor)
    return unpacked, os.fstat(unpacked)


def _outside() -> Refused:
    return Refused(
        403,
        "picture-outside",
        "The picture may not be shown",
        "the picture lies outside of the folders that are shown; name its folder with clipseek serve --pictures ROOT",
    )


def _no_file() -> Refused:
    return Refused(
        403, "picture-no-file", "The picture may not be shown", "the index names something that is no plain file"
    )


def _unreadable(problem: Exception) -> Refused:
    reason = getattr(problem, "strerror", None) or "malformed name"
    return Refused(
        404,
        "picture-missing",
        "The picture is not there",
        f"its file cannot be read ({reason}); ingest its folder again where it has moved",
    )
