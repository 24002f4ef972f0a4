"""Pairs in memory: pictures decoded once to uint8, captions as text, groups, and a split that is the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from clipseek.encoder.bundle import ImageSpec
from clipseek.encoder.images import open_image
from clipseek.encoder.preprocess import resize_and_crop
from clipseek.encoder.session import available_cores
from clipseek.sources import Record, shown
from numpy.typing import NDArray

from .errors import UnusableData


@dataclass(frozen=True)
class Pairs:
    """``pixels`` (N, S, S, 3) uint8; row i of everything is pair i."""

    pixels: NDArray[np.uint8]
    captions: list[str]
    groups: list[str]
    skipped: list[tuple[str, str]]  # file, reason

    def __len__(self) -> int:
        return len(self.captions)

    def take(self, rows: list[int]) -> Pairs:
        """The given rows alone."""
        return Pairs(self.pixels[rows], [self.captions[i] for i in rows], [self.groups[i] for i in rows], [])

    def fingerprint(self) -> str:
        """Hex SHA-256 over pixels and captions."""
        digest = hashlib.sha256(np.ascontiguousarray(self.pixels).data)
        for caption in self.captions:
            digest.update(caption.encode("utf-8", "replace") + b"\0")
        return digest.hexdigest()


def group_of(record: Record, caption: str) -> str:
    """What makes two pairs each other's right answers: the source's group, else an equal caption."""
    return record.group or " ".join(caption.lower().split())


def load_pairs(
    records: Iterable[Record], spec: ImageSpec, on_progress: Callable[[int], None] = lambda done: None
) -> Pairs:
    """Decode and crop every record's picture, in threads, as serving does; several captions become several pairs.

    What cannot be read or has no caption is listed under ``skipped``. Raises UnusableData when nothing is left.
    """
    pixels: list[NDArray[np.uint8]] = []
    captions: list[str] = []
    groups: list[str] = []
    skipped: list[tuple[str, str]] = []

    def decode(record: Record) -> NDArray[np.uint8] | str:
        if not any(caption.strip() for caption in record.captions):
            return "no caption"
        try:
            return resize_and_crop(open_image(Path(record.image).read_bytes(), spec.background), spec)
        except (OSError, ValueError) as problem:
            return getattr(problem, "strerror", None) or str(problem)

    entries = list(records)
    with ThreadPoolExecutor(available_cores()) as pool:
        for done, (record, result) in enumerate(zip(entries, pool.map(decode, entries), strict=True), 1):
            if isinstance(result, str):
                skipped.append((shown(record.image), result))
            else:
                for caption in filter(str.strip, record.captions):
                    pixels.append(result)
                    captions.append(caption)
                    groups.append(group_of(record, caption))
            on_progress(done)
    if not captions:
        why = f"; the first: {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise UnusableData(
            f"no usable pair among {len(entries)} records{why}; name a manifest with pictures and captions"
        )
    return Pairs(np.stack(pixels), captions, groups, skipped)


def split_by_group(groups: list[str], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Rows for training and validation: a group lies on one side whole, told by its hash alone.

    So that adding pairs later moves no old pair to the other side.
    """

    def held_out(group: str) -> bool:
        digest = hashlib.sha256(f"{seed}\0{group}".encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:8], "big") < share * 2**64

    sides: tuple[list[int], list[int]] = ([], [])
    for row, group in enumerate(groups):
        sides[held_out(group)].append(row)
    return sides


def check_usable(pairs: Pairs) -> None:
    """Raise UnusableData where a contrastive loss has nothing to tell apart."""
    if len(pairs) < 2:
        raise UnusableData("only one pair; training tells a caption's picture from others, so give at least two")
    if len(set(pairs.groups)) < 2:
        raise UnusableData(
            f"all {len(pairs)} captions are equal ({pairs.captions[0][:60]!r}); there is nothing to tell apart"
        )
