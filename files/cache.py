"""Where what can be made again is kept."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def user_cache() -> Path:
    """``$CLIPSEEK_CACHE``, else the cache folder that the platform gives this user. Makes nothing."""
    named = os.environ.get("CLIPSEEK_CACHE")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("clipseek")


def keep_latest(folder: Path, most: int, kept: Path) -> None:
    """Remove from the cache ``folder`` what was not used longest, by the files' times, until those of the ending of ``kept`` have
    at most ``most`` bytes; never ``kept``, whose time is set to now. What another process has open stays readable for it.
    """
    with contextlib.suppress(OSError):
        os.utime(kept)
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if (
                entry.is_file(follow_symlinks=False)
                and not entry.name.startswith(".")
                and entry.name.endswith(kept.suffix)
            ):
                status = entry.stat(follow_symlinks=False)
                found.append((status.st_mtime_ns, status.st_size, Path(entry.path)))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            return
        if path != kept:
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size
