"""Many picture files read, and many image-caption pairs encoded, without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..device.session import available_cores
from ..pictures.images import read_picture
from .clip import ClipEncoder
from .picture import Picture

Pair = tuple[Path, tuple[str, ...], "str | None"]


def read_pictures(
    encoder: ClipEncoder, paths: Sequence[Path], window: int = 64
) -> Iterator[list[tuple[Path, Picture | str]]]:
    """Windows of (path, its picture or the reason why there is none), in the order of ``paths``.

    They are read ahead in threads, a window at a time, so that memory does not grow with their number.
    """

    def read(path: Path) -> Picture | str:
        return read_picture(path, encoder.load_picture)

    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(paths), window):
            chosen = paths[start : start + window]
            yield list(zip(chosen, pool.map(read, chosen), strict=True))


def encode_pairs(
    encoder: ClipEncoder, pairs: Iterable[Pair], window: int = 256
) -> tuple[NDArray[np.float32], NDArray[np.float32], list[str], list[tuple[str, str]]]:
    """(picture, captions, group) -> vectors of captions and of pictures (N, D), groups, and what was skipped with its reason.

    Several captions of a picture become several pairs. A pair without a group is grouped by its caption.
    """
    captions: list[str] = []
    groups: list[str] = []
    skipped: list[tuple[str, str]] = []
    rows: list[NDArray[np.float32]] = []

    entries = list(pairs)
    waiting = iter(entries)
    for files in read_pictures(encoder, [path for path, _, _ in entries], window):
        kept: list[tuple[Picture, Pair]] = []
        for (path, picture), pair in zip(files, waiting, strict=False):
            if isinstance(picture, str):
                skipped.append((str(path), picture))
            elif not any(caption.strip() for caption in pair[1]):
                skipped.append((str(path), "no caption"))
            else:
                kept.append((picture, pair))
        vectors = encoder.encode_pictures([picture for picture, _ in kept])
        for vector, (_, (_, texts, group)) in zip(vectors, kept, strict=True):
            for text in filter(str.strip, texts):
                captions.append(text)
                groups.append(group or " ".join(text.lower().split()))
                rows.append(vector)
    images = np.stack(rows) if rows else np.empty((0, encoder.dimension), np.float32)
    return encoder.encode_texts(captions), images, groups, skipped
