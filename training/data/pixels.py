"""Pictures decoded once to uint8 rows, cropped exactly as serving crops them; on disk, keyed by content, if a cache is given.

A second run over the same pictures maps the file of the first and decodes nothing, whatever the pictures are now called
and wherever they lie. What is stored is still to be normalised: mean and standard deviation belong to the model's step.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.device.session import available_cores
from clipseek.encoder.pictures.files import read_picture
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.rules import VERSIONS
from clipseek.encoder.run.decoding import load_aside, processes_for
from clipseek.encoder.run.picture import PictureLoader
from clipseek.encoder.run.preprocess import resize_and_crop
from clipseek.encoder.run.stages import Stages
from clipseek.files.cache import keep_latest, user_cache
from clipseek.files.whole import whole_file, write_whole
from numpy.typing import NDArray

_FORMAT = 2  # of the cache
#: Of all that the cache holds; one set of pictures alone may have more.
MOST_BYTES = 30 * 10**9

Progress = Callable[[int, int], None]  # done, of how many


def decode_all(
    paths: Sequence[Path], spec: ImageSpec, cache: Path | None = None, on_progress: Progress = lambda done, of: None
) -> tuple[NDArray[np.uint8], list[str], list[int | str]]:
    """Read, hash and decode ``paths`` in threads. Equal bytes are decoded once. Never raises for a picture.

    Gives the P distinct pictures, (P, S, S, 3) uint8, a read-only memory map or an array; the hashes of their files; and for
    each path its row of them, or the reason why it has none.
    """
    with ThreadPoolExecutor(available_cores()) as pool:
        hashed = list(pool.map(lambda path: read_picture(path, digest_of), paths))  # bytes, or why there are none
        first: dict[bytes, Path] = {}
        for path, digest in zip(paths, hashed, strict=True):
            if isinstance(digest, bytes):
                first.setdefault(digest, path)
        digests = [digest.hex() for digest in first]
        pixels, problems = _decode_distinct(pool, list(first.values()), digests, spec, cache, on_progress)
    place = {digest: row for row, digest in enumerate(first)}
    rows = [entry if isinstance(entry, str) else problems.get(place[entry], place[entry]) for entry in hashed]
    return pixels, digests, rows


def digest_of(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _decode_distinct(
    pool: ThreadPoolExecutor,
    paths: list[Path],
    digests: list[str],
    spec: ImageSpec,
    cache: Path | None,
    on_progress: Progress,
) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """(P, S, S, 3) pixels and row -> reason for those that cannot be decoded (their rows stay black)."""
    shape = (len(paths), spec.size, spec.size, 3)
    if cache is None or not paths:
        pixels: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        return pixels, _decode_into(pixels, pool, paths, spec, on_progress)
    how = (_FORMAT, spec.size, spec.interpolation, spec.rules, sorted(VERSIONS.items()))
    name = hashlib.sha256("\n".join([repr(how), *digests]).encode()).hexdigest()[:32]
    stored, notes = cache / f"{name}.u8", cache / f"{name}.json"
    if not (stored.is_file() and notes.is_file() and stored.stat().st_size == int(np.prod(shape))):
        cache.mkdir(parents=True, exist_ok=True)
        with whole_file(stored) as part:
            reserve(part, int(np.prod(shape)))
            fresh = np.memmap(part, np.uint8, "r+", shape=shape)
            problems = _decode_into(fresh, pool, paths, spec, on_progress)
            fresh.flush()
            write_whole(notes, json.dumps({str(row): reason for row, reason in problems.items()}))
    keep_latest(cache, MOST_BYTES, stored)
    problems = {int(row): reason for row, reason in json.loads(notes.read_text("utf-8")).items()}
    return np.memmap(stored, np.uint8, "r", shape=shape), problems


def reserve(path: Path, size: int) -> None:
    """Make a file of ``size`` bytes that the disk really has: writing past a full disk through a map kills the process."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            for start in range(0, size, 1 << 24):
                file.write(bytes(min(1 << 24, size - start)))


def _decode_into(
    pixels: NDArray[np.uint8], pool: ThreadPoolExecutor, paths: list[Path], spec: ImageSpec, on_progress: Progress
) -> dict[int, str]:
    crop = Crop(spec, len(paths))

    def decode(row: int) -> str | None:
        cropped = read_picture(paths[row], crop)
        if isinstance(cropped, str):
            return cropped
        pixels[row] = cropped
        return None

    problems: dict[int, str] = {}
    for row, reason in enumerate(pool.map(decode, range(len(paths)))):
        if reason is not None:
            problems[row] = reason
        on_progress(row + 1, len(paths))
    return problems


class Crop:
    """A file's bytes -> (S, S, 3) uint8, as serving crops them; in processes where there are many pictures and cores. Raises
    ImageError."""

    def __init__(self, spec: ImageSpec, pictures: int | None = None) -> None:
        """``pictures``: how many will come, None for many."""
        self.spec = spec
        self._processes, self._loader = processes_for(pictures), PictureLoader(spec, Stages())

    def __call__(self, data: bytes) -> NDArray[np.uint8]:
        if self._processes is None:
            return resize_and_crop(open_picture(data, self.spec.rules, edge=self.spec.size).picture, self.spec)
        return load_aside(self._processes, self._loader, data).pixels


def default_cache() -> Path:
    """Where decoded pixels are kept between runs."""
    return user_cache() / "pixels"
