"""A compressed file (gzip, bzip2, xz, Zstandard), unpacked: written to the cache once, so that any part of it can be read."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from .cache import user_cache
from .whole import whole_file

#: A file's first bytes -> how it is compressed.
_MARKS = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x04\x22\x4d\x18", "LZ4"),
)
_BZIP2_BLOCK = (b"1AY&SY", b"\x17rE8P\x90")
#: Of a file's first bytes as many as tell how it is compressed.
HEAD = 512
_BLOCK = 1 << 20
_ZSTANDARD_BLOCK = 1 << 13  # packed: of the most repetitive data it becomes 256 MB
#: Beyond so many bytes a file that has become so many times larger is taken for one that was made to fill the disk.
_LARGE, _MOST_TIMES = 1 << 30, 200


class NotUnpacked(Exception):
    """A compressed file that cannot be unpacked: the text is the reason, and what to do."""


class LibraryMissing(NotUnpacked):
    """The library for this kind of compression is not installed."""


def compression_of(head: bytes) -> str | None:
    """How a file is compressed, by its first HEAD bytes, whatever its name; None where it is not."""
    if head[257:262] == b"ustar":  # a tar begins with the name of its first file
        return None
    kind = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    return None if kind == "bzip2" and head[4:10] not in _BZIP2_BLOCK else kind


def opened(path: Path) -> IO[bytes]:
    """``path``, else what it unpacks to, open at its first byte and seekable. Raises OSError, NotUnpacked."""
    stream = _regular(path)
    try:
        plain = _plain(path, stream)
    except BaseException:
        stream.close()
        raise
    if plain == path:  # every picture of a tar comes here: it is opened once
        stream.seek(0)
        return stream
    stream.close()
    return plain.open("rb")


def unpacked(path: Path) -> Path:
    """``path`` itself where it is not compressed, else the file that it unpacks to, made where it is not there.

    Raises OSError for the file itself, and NotUnpacked: broken, of a kind that nothing here unpacks, no place in the cache; no file
    at all (a device, a pipe, whose writer is not waited for).
    """
    with _regular(path) as stream:
        return _plain(path, stream)


def _regular(path: Path) -> IO[bytes]:
    """Open, whatever it is; the writer of a pipe is not waited for."""
    return open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb")


def _plain(path: Path, stream: IO[bytes]) -> Path:
    """As ``unpacked``, of the file that is open as ``stream``."""
    status = os.fstat(stream.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise NotUnpacked("is no regular file")
    kind = compression_of(stream.read(HEAD))
    if kind is None:
        return path
    target = copy_of(path, status)
    if not target.is_file():
        _unpack(path, kind, target)
    return target


def copy_of(path: Path, status: os.stat_result) -> Path:
    """Where the cache has what ``path`` unpacks to, known by its place, and the size and time of ``status``."""
    text = f"{os.path.abspath(path)}\0{status.st_mtime_ns}\0{status.st_size}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return user_cache() / "unpacked" / digest


def _unpack(path: Path, kind: str, target: Path) -> None:
    size, written = path.stat().st_size, 0
    blocks = _blocks(path, kind)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target, flush=False) as part, part.open("wb") as out:
            while block := _next(blocks, written):
                out.write(block)
                written += len(block)
                if written > max(_LARGE, _MOST_TIMES * size):
                    raise NotUnpacked(f"unpacks to more than {_MOST_TIMES} times its size, and is not read further")
    except OSError as problem:
        raise NotUnpacked(
            f"cannot be unpacked into {target.parent}: {problem.strerror or problem}; CLIPSEEK_CACHE names another folder"
        ) from None


def _next(blocks: Iterator[bytes], written: int) -> bytes:
    """The next block, empty at the end."""
    try:
        return next(blocks, b"")
    except (EOFError, OSError, lzma.LZMAError, zlib.error, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise NotUnpacked(
            f"is broken or cut short after {written:,} unpacked bytes ({reason}); copy it again"
        ) from None


def _blocks(path: Path, kind: str) -> Iterator[bytes]:
    if kind == "LZ4":
        raise NotUnpacked("is compressed by LZ4, which is not read here; uncompress it first")
    if kind == "Zstandard":
        return _zstandard_blocks(path)
    opener: Any = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}[kind]
    return _read_blocks(opener(path, "rb"))


def _read_blocks(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while block := stream.read(_BLOCK):
            yield block


def _zstandard_blocks(path: Path) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError:
        raise LibraryMissing(
            "is compressed by Zstandard, whose library is not installed; pip install 'clipseek[formats]'"
        ) from None
    return _frames(path, zstandard.ZstdDecompressor(max_window_size=1 << 31), zstandard.ZstdError)


def _frames(path: Path, library: Any, broken: type[Exception]) -> Iterator[bytes]:
    """Not by the library's own reader, which takes a frame that is cut short for a whole one."""
    frame, whole = library.decompressobj(), True
    with path.open("rb") as stream:
        while packed := stream.read(_ZSTANDARD_BLOCK):
            while packed:
                try:
                    block, whole = frame.decompress(packed), frame.eof
                except broken as problem:
                    raise ValueError(str(problem)) from None
                packed = frame.unused_data if whole else b""
                if whole:
                    frame = library.decompressobj()
                if block:
                    yield block
    if not whole:
        raise EOFError("the end of its last frame is missing")
