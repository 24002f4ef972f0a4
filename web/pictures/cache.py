"""Thumbnails on disk, up to a size; those that were not asked for longest go first."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from clipseek.files.whole import write_whole

_KEPT = 0.8  # of the limit, after a clearing


class ThumbnailCache:
    """Files in ``folder``, which is this user's alone; several processes may share it. ``limit`` in bytes.

    What cannot be written is not kept: a full disk shows the same pictures, more slowly.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit
        self._lock = threading.Lock()
        self._held: int | None = None

    def get(self, key: str) -> bytes | None:
        """The thumbnail, which now counts as asked for last."""
        path = self._path(key)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep it."""
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            write_whole(path, data, flush=False)
        with self._lock:
            if self._held is None:
                self._held = sum(size for _, size, _ in self._files())
            else:
                self._held += len(data)
            if self._held > self._limit:
                self._clear()

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.webp"

    def _files(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self._folder.glob("??/*.webp"):
            with contextlib.suppress(OSError):
                facts = path.lstat()
                found.append((facts.st_mtime, facts.st_size, path))
        return found

    def _clear(self) -> None:
        files = sorted(self._files())
        held = sum(size for _, size, _ in files)
        for _, size, path in files:
            if held <= self._limit * _KEPT:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                held -= size
        self._held = held
