"""Files that are being written: under names that nobody else can have, locked as long as their writer lives.

A writer in another container, or on another machine with the same disk, cannot be looked up by its process id, and may have the
same host name. So a name holds random digits, and the system's lock (flock), which ends with its holder however that ends, says
whether the writer lives. Where a file system keeps no locks, nobody is taken for dead.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import threading
from pathlib import Path
from typing import Literal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# ``.NAME.clipseek-DIGITS.part`` is being written, ``.NAME.clipseek-DIGITS.old`` was set aside to be replaced.
_NAME = re.compile(r"\.(?P<name>.+)\.clipseek-[0-9a-f]{16}\.(?P<kind>part|old)(\..*)?", re.DOTALL)
_LONGEST = 40  # characters of the name that are kept in a temporary one: with the rest they fit into 255 bytes

_cleared: set[tuple[int, Path]] = set()
_lock = threading.Lock()


def new_name(target: Path, kind: Literal["part", "old"]) -> Path:
    """A path beside ``target`` that nobody else uses; a part keeps the suffix, which says its format."""
    tag = f"clipseek-{secrets.token_hex(8)}"
    if kind == "old":
        return target.with_name(f".{target.name}.{tag}.old")
    return target.with_name(f".{target.stem[:_LONGEST]}.{tag}.part{target.suffix}")


def claim(part: Path, *, folder: bool = False) -> int | None:
    """Make the new empty file, or folder, ``part``, a ``new_name``; returns the descriptor whose lock says that its writer lives:
    ``let_go`` of it when it is written. Raises OSError.
    """
    while True:
        if folder:
            part.mkdir()
        else:
            part.touch(exist_ok=False)
        held = hold(part, wait=True)
        # Whoever clears up may have found it before it was locked.
        if held is not None or part.exists():
            return held


def hold(path: Path, *, wait: bool = False, refuse: bool = False) -> int | None:
    """A descriptor with the only lock on the file or folder at ``path``, no link followed; None where another has it (unless to
    ``wait``), where it is gone, and where the system keeps no locks. With ``refuse`` the first of these is a BlockingIOError.
    """
    if fcntl is None:
        return None
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        # A network's file system wants to write where it locks alone.
        descriptor = os.open(path, flags | (os.O_RDONLY if path.is_dir() else os.O_RDWR))
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        found, now = os.fstat(descriptor), path.lstat()
        if (found.st_dev, found.st_ino) == (now.st_dev, now.st_ino):
            return descriptor
    except OSError as problem:
        if refuse and isinstance(problem, BlockingIOError):
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None


def let_go(descriptor: int | None) -> None:
    """End what ``hold`` or ``claim`` gave."""
    if descriptor is not None:
        os.close(descriptor)


def clear_leftovers(folder: Path) -> None:
    """Remove what writers that are no more were writing in ``folder``, once for each process; what they had set aside and
    not replaced yet comes back to its place."""
    with _lock:
        if (os.getpid(), folder) in _cleared:
            return
        _cleared.add((os.getpid(), folder))
    try:
        names = os.listdir(folder)
    except OSError:  # writing there says why, and names the file
        return
    for name in names:
        if left := _NAME.fullmatch(name):
            _clear(folder / name, folder / left["name"] if left["kind"] == "old" else None)


def _clear(path: Path, place: Path | None) -> None:
    """``place``: where it came from, if it was set aside."""
    held = hold(path)
    if held is None:
        return
    with contextlib.suppress(OSError):  # another process was quicker
        found = os.fstat(held)
        if found.st_uid == os.geteuid():
            if place is not None and not os.path.lexists(place):
                path.rename(place)  # killed between setting the old one aside and putting the new one there
            elif stat.S_ISDIR(found.st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    let_go(held)
