"""A file or a folder written whole or not at all: beside its place, flushed to the disk, then renamed.

A reader sees the old content or the new one, never half of it, also after a kill or a power cut. The errors of a disk that
is full name the final path, not the temporary one.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import platform
import re
import shutil
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

# ``.NAME.HOST-PID-N.part`` is being written, ``.NAME.HOST-PID-N.old`` was set aside to be replaced. The host stands in the name
# because another machine's processes, on a shared disk, cannot be looked up here.
_HOST = f"{zlib.crc32(platform.node().encode()):08x}"
_NAME = re.compile(rf"\.(?P<name>.+)\.{_HOST}-(?P<pid>\d+)-\d+\.(?P<kind>part|old)(\..*)?", re.DOTALL)
_LONGEST = 40  # characters of the name that are kept in a temporary one: with the rest they fit into 255 bytes

_numbers = itertools.count()
_cleared: set[tuple[int, Path]] = set()
_lock = threading.Lock()
_DISK_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextlib.contextmanager
def whole_file(path: Path | str, *, flush: bool = True) -> Iterator[Path]:
    """Yield a path to write; it becomes ``path`` when the block ends well, and is removed when it does not.

    ``flush=False`` leaves it to the system when the bytes reach the disk: for many small files that can be made again.
    A link keeps pointing at its file; a device or a pipe is written directly. The folder must exist.
    """
    target = Path(os.path.realpath(path))
    if Path(path).exists() and not target.is_file():
        yield Path(path)  # /dev/stdout, a pipe: nothing can be renamed onto it
        return
    clear_leftovers(target.parent)
    part = new_name(target, "part")
    with _errors_named(part, Path(path)):
        try:
            if target.exists():  # replaced, it keeps its permissions
                part.touch()
                shutil.copymode(target, part)
            yield part
            if flush:
                _flush(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def write_whole(path: Path | str, content: str | bytes, *, flush: bool = True) -> None:
    """Write a file of ``content`` whole or not at all; text as UTF-8, lone surrogates as question marks."""
    with whole_file(path, flush=flush) as part:
        part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))


@contextlib.contextmanager
def whole_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder to fill; it becomes ``path`` when the block ends well, in place of what was there.

    When the block fails, it is removed, and so are the folders above it that were made for it.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    made = [parent for parent in target.parents if not parent.exists()]  # innermost first
    part, old = new_name(target, "part"), new_name(target, "old")
    with _errors_named(part, Path(path)):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            clear_leftovers(target.parent)
            part.mkdir()
            yield part
            for file in part.rglob("*"):
                if file.is_file():
                    _flush(file)
            if target.exists():
                target.rename(old)
            part.rename(target)
        except BaseException:
            if old.exists():
                old.rename(target)
            shutil.rmtree(part, ignore_errors=True)
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise
        shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    # Renamed before its bytes reach the disk, a file can come out of a power cut empty.
    with path.open("r+b") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _errors_named(part: Path, final: Path) -> Iterator[None]:
    """Errors of the system that name ``part``, or a full disk and no file, name ``final``."""
    try:
        yield
    except OSError as problem:
        name = "" if problem.filename is None else str(problem.filename)
        inside = name == str(part) or name.startswith(f"{part}{os.sep}")
        if inside or (not name and problem.errno in _DISK_FULL):
            raise OSError(problem.errno, problem.strerror, f"{final}{name[len(str(part)) :]}") from None
        raise


def new_name(target: Path, kind: Literal["part", "old"]) -> Path:
    """A path beside ``target`` that no other process and no other thread uses; a part keeps the suffix, which says its format."""
    tag = f"{_HOST}-{os.getpid()}-{next(_numbers)}"
    if kind == "old":
        return target.with_name(f".{target.name}.{tag}.old")
    return target.with_name(f".{target.stem[:_LONGEST]}.{tag}.part{target.suffix}")


def clear_leftovers(folder: Path) -> None:
    """Remove what processes that are no more were writing in ``folder``, once for each process; what they had set aside and
    not replaced yet comes back to its place."""
    with _lock:  # before any thread of this process writes there: what has our number is an earlier process's
        if (os.getpid(), folder) in _cleared:
            return
        _cleared.add((os.getpid(), folder))
        try:
            names = os.listdir(folder)
        except OSError:  # writing there says why, and names the file
            return
        for name in names:
            left = _NAME.fullmatch(name)
            if left is None or _alive(int(left["pid"])):
                continue
            path, place = folder / name, folder / left["name"]
            with contextlib.suppress(OSError):  # another user's, or another process was quicker
                if left["kind"] == "old" and not place.exists():
                    path.rename(place)  # killed between setting the old folder aside and putting the new one there
                elif path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return False
    if os.name == "nt":
        return True  # no harmless way to find out there
    try:
        os.kill(pid, 0)
    except OSError as problem:
        return problem.errno != errno.ESRCH
    return True
