"""A file or a folder written whole or not at all: beside its place, flushed to the disk, then renamed.

A reader sees the old content or the new one, never half of it, also after a kill or a power cut. The errors of a disk that
is full name the final path, not the temporary one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .claims import claim, clear_leftovers, hold, let_go, new_name

_DISK_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
#: How systems say that a folder that is not empty is in the way.
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)
#: Writers that put something into one place at once, before one of them gives up.
_TRIES = 100


@contextlib.contextmanager
def whole_file(path: Path | str, *, flush: bool = True, mode: int | None = None) -> Iterator[Path]:
    """Yield an empty file to write; it becomes ``path`` when the block ends well, and is removed when it does not.

    ``flush=False`` leaves it to the system when the bytes reach the disk: for many small files that can be made again.
    ``mode``: its permissions from the first byte on; without it a file that is replaced keeps its own.
    A link keeps pointing at its file; a device or a pipe is written directly. The folder must exist.
    """
    target = Path(os.path.realpath(path))
    if Path(path).exists() and not target.is_file():
        yield Path(path)  # /dev/stdout, a pipe: nothing can be renamed onto it
        return
    clear_leftovers(target.parent)
    part, held = new_name(target, "part"), None
    with _errors_named(part, Path(path)):
        try:
            held = claim(part)
            if mode is not None:
                part.chmod(mode)
            elif target.exists():
                shutil.copymode(target, part)
            yield part
            if flush:
                _flush(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
            let_go(held)


def write_whole(path: Path | str, content: str | bytes, *, flush: bool = True) -> None:
    """Write a file of ``content`` whole or not at all; text as UTF-8, lone surrogates as question marks."""
    with whole_file(path, flush=flush) as part:
        part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))


@contextlib.contextmanager
def whole_folder(path: Path | str, *, replace: bool = True) -> Iterator[Path]:
    """Yield an empty folder to fill; it becomes ``path`` when the block ends well, in place of what was there.

    When the block fails, it is removed, and so are the folders above it that were made for it. Without ``replace`` only an empty
    folder gives way: FileExistsError where another writer was quicker.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    made = [parent for parent in target.parents if not parent.exists()]  # innermost first
    part, held = new_name(target, "part"), None
    with _errors_named(part, Path(path)):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            clear_leftovers(target.parent)
            held = claim(part, folder=True)
            yield part
            for file in part.rglob("*"):
                if file.is_file():
                    _flush(file)
            _put(part, target, replace)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise
        finally:
            let_go(held)


def _put(part: Path, target: Path, replace: bool) -> None:
    """Rename the folder onto its place; of several writers at once, each finds the place empty or with one's whole folder."""
    for _ in range(_TRIES):
        try:
            part.rename(target)
            return
        except OSError as problem:
            if problem.errno not in _TAKEN and not (os.name == "nt" and target.exists()):
                raise
            if not replace:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        old = new_name(target, "old")
        held = hold(target)
        try:
            with contextlib.suppress(FileNotFoundError):  # another writer set it aside
                target.rename(old)
            part.rename(target)
            return
        except OSError as problem:
            if problem.errno not in _TAKEN:  # another writer was quicker
                raise
        finally:
            if old.exists() and not os.path.lexists(target):
                with contextlib.suppress(OSError):  # another writer was quicker
                    old.rename(target)
            shutil.rmtree(old, ignore_errors=True)
            let_go(held)
    raise FileExistsError(errno.EEXIST, "others write into it all the time", str(target))


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


@contextlib.contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """An OSError of the block names ``path``: one of a write to a file that is open names none."""
    try:
        yield
    except OSError as problem:
        problem.filename = problem.filename or os.fspath(path)
        raise
