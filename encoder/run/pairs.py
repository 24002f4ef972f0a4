"""Vectors of many image-caption pairs at once, for evaluation without torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .clip import ClipEncoder
from .files import read_pictures
from .picture import Picture

Pair = tuple[Path, tuple[str, ...], "str | None"]


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
