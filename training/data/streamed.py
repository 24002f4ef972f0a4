"""Pictures that are decoded when a step asks for them: training begins at once, whatever the number of files.

Up to ``KEPT`` bytes of pixels are kept in the cache, for the next pass and the next run. Above it each picture stays compressed, in
its own file or where it lies in its tar shard, and is decoded again for each pass. Its pixels are those of ``pixels.decode_all``.

A picture is known by its path, size and time of change until it is read, and by its bytes from then on.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase
from pathlib import Path

import numpy as np
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.device.session import available_cores
from clipseek.encoder.pictures.files import read_picture
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.likeness import SIDE
from clipseek.encoder.pictures.perceptual_hash import perceptual_hash, small_copy
from clipseek.encoder.pictures.rules import VERSIONS
from clipseek.files.cache import keep_latest
from clipseek.files.whole import whole_file, write_whole
from clipseek.sources import shown
from numpy.typing import NDArray

from .pixels import MOST_BYTES, Crop, Progress, digest_of, reserve

#: Bytes of decoded pixels that are kept in the cache.
KEPT = 8 << 30
#: Pictures of which so many are new are noted on disk.
_NOTED = 4096
_EDGE = 64  # in pixels, at which pictures are compared
_FORMAT = 1  # of the cache

Rows = int | NDArray[np.integer] | Sequence[int]


class Streamed:
    """P pictures, as an array (P, S, S, 3) uint8 that decodes what it is indexed by. Thread-safe.

    A picture that cannot be read is black, and ``problems`` has the reason: row -> words. ``content``: row -> hash of the file's
    bytes, as ``Pairs.digests`` has it, of the pictures that were read.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        spec: ImageSpec,
        cache: Path | None = None,
        names: Sequence[str] | None = None,
        kept: int = KEPT,
    ) -> None:
        """``names``: those of ``name_of`` for ``paths``, where they are known."""
        self._paths, self._crop = paths, Crop(spec)
        self.shape = (len(paths), spec.size, spec.size, 3)
        self.names = list(names) if names is not None else [name_of(path) for path in paths]
        self.content: dict[int, str] = {}
        self.problems: dict[int, str] = {}
        self._pool = ThreadPoolExecutor(available_cores(), thread_name_prefix="decode")
        how = (_FORMAT, spec.size, spec.interpolation, spec.rules, sorted(VERSIONS.items()))
        known = hashlib.sha256("\n".join([repr(how), *self.names]).encode("utf-8", "replace")).hexdigest()[:32]
        self._stem = None if cache is None else cache / f"streamed-{known}"
        self._kept: RawIOBase | None = None  # read and written, not mapped: mapped pages count as this process's memory
        self._lock = threading.Lock()
        self._fresh = 0
        if self._stem is not None and int(np.prod(self.shape)) <= kept and len(paths):
            self._open_kept(self._stem)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, rows: Rows) -> NDArray[np.uint8]:
        """(S, S, 3) of one row, or (n, S, S, 3)."""
        if isinstance(rows, int | np.integer):
            one: NDArray[np.uint8] = self[[int(rows)]][0]
            return one
        wanted = [int(row) for row in rows]
        made = np.zeros((len(wanted), *self.shape[1:]), np.uint8)
        for at, pixels in enumerate(self._pool.map(self._one, wanted)):
            if pixels is not None:
                made[at] = pixels
        if self._fresh >= _NOTED:
            self.note()
        return made

    def unreadable(self) -> list[tuple[str, str]]:
        """(file, reason) of what could not be read so far."""
        return [(shown(self._paths[row]), reason) for row, reason in sorted(self.problems.items())]

    def note(self) -> None:
        """Write down which pictures the cache has, after their pixels."""
        if self._kept is None or self._stem is None or not self._fresh:
            return
        self._fresh = 0
        content, problems = dict(self.content), dict(self.problems)
        with self._lock:
            os.fsync(self._kept.fileno())
        write_whole(self._stem.with_suffix(".json"), json.dumps({"content": content, "problems": problems}))

    def appearances(self, rows: Sequence[int], on_progress: Progress) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """Perceptual hash (n,) and small copy (n, 8, 8, 3) of each of ``rows``, of the pictures at reduced size; kept for the next
        run. A picture that cannot be read looks black."""
        path = None if self._stem is None else self._stem.with_suffix(".npz")
        if path is not None and path.is_file():
            with np.load(path) as stored:
                if "rows" in stored and np.array_equal(stored["rows"], rows):
                    return stored["hashes"], stored["copies"]
        hashes, copies = np.zeros(len(rows), np.uint64), np.zeros((len(rows), SIDE, SIDE, 3), np.uint8)

        def seen(data: bytes) -> tuple[int, NDArray[np.uint8]]:
            picture = open_picture(data, self._crop.spec.rules, edge=_EDGE).picture
            return perceptual_hash(picture), np.asarray(small_copy(picture))

        for at, found in enumerate(self._pool.map(lambda row: read_picture(self._paths[row], seen), rows)):
            if not isinstance(found, str):
                hashes[at], copies[at] = found
            on_progress(at + 1, len(rows))
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as part, part.open("wb") as file:
                np.savez(file, rows=np.array(rows, np.int64), hashes=hashes, copies=copies)
        return hashes, copies

    def _open_kept(self, stem: Path) -> None:
        size = int(np.prod(self.shape))
        pixels, notes = stem.with_suffix(".u8"), stem.with_suffix(".json")
        try:
            if not (pixels.is_file() and pixels.stat().st_size == size):
                stem.parent.mkdir(parents=True, exist_ok=True)
                notes.unlink(missing_ok=True)
                reserve(pixels, size)
        except OSError:  # no room: decoded each time
            pixels.unlink(missing_ok=True)
            return
        keep_latest(stem.parent, MOST_BYTES, pixels)
        self._kept = pixels.open("r+b", buffering=0)
        weakref.finalize(self, self._kept.close)
        if notes.is_file():
            stored = json.loads(notes.read_text("utf-8"))
            self.content = {int(row): digest for row, digest in stored["content"].items()}
            self.problems = {int(row): reason for row, reason in stored["problems"].items()}

    def _one(self, row: int) -> NDArray[np.uint8] | None:
        if row in self.problems:
            return None
        size = int(np.prod(self.shape[1:]))
        if self._kept is not None and row in self.content:
            with self._lock:
                self._kept.seek(row * size)
                data = self._kept.read(size) or b""
            if len(data) == size:
                return np.frombuffer(data, np.uint8).reshape(self.shape[1:])
        found = read_picture(self._paths[row], lambda data: (digest_of(data).hex(), self._crop(data)))
        if isinstance(found, str):
            self.problems[row] = found
            return None
        digest, pixels = found
        if self._kept is not None:
            with self._lock:
                self._kept.seek(row * size)
                self._kept.write(pixels.tobytes())
                self._fresh += 1
        self.content[row] = digest
        return pixels


def name_of(path: Path) -> str:
    """What stands for the picture's bytes until they are read."""
    start = getattr(path, "start", None)
    try:
        status = (path.archive if start is not None else path).stat()  # type: ignore[attr-defined]
        known = f"{status.st_size}\0{status.st_mtime_ns}"
    except OSError:
        known = ""
    return hashlib.blake2b(f"{path}\0{start}\0{known}".encode("utf-8", "replace"), digest_size=16).hexdigest()
