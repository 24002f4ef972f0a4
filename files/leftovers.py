"""What a killed process left beside the files that it was writing, and the names by which it is recognised.

``.NAME.HOST-PID-N.part`` is being written, ``.NAME.HOST-PID-N.old`` was set aside to be replaced. The host stands in the
name because another machine's processes, on a shared disk, cannot be looked up here.
"""

from __future__ import annotations

import itertools
import os
import platform
import re
import shutil
import threading
import zlib
from pathlib import Path
from typing import Literal

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"
_NAME = re.compile(rf"\.(?P<name>.+)\.{_HOST}-(?P<pid>\d+)-\d+\.(?P<kind>part|old)(\..*)?", re.DOTALL)
_LONGEST = 40  # characters of the name that are kept in a temporary one: with the rest they fit into 255 bytes

_numbers = itertools.count()
_cleared: set[tuple[int, Path]] = set()
_lock = threading.Lock()


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
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
