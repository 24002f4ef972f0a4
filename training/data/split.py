"""What is held out: the same pairs every time, and none that is nearly one of the others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from clipseek.encoder.pictures.likeness import near_duplicates, near_others
from clipseek.encoder.pictures.perceptual_hash import perceptual_hash, small_copy
from numpy.typing import NDArray
from PIL import Image

from .pairs import Pairs
from .pixels import Progress
from .streamed import Streamed


@dataclass(frozen=True)
class Looks:
    """P distinct pictures, by their digests in order: (P,) hashes and (P, SIDE, SIDE, 3) small copies."""

    digests: list[str]
    hashes: NDArray[np.uint64]
    copies: NDArray[np.uint8]


def split_pairs(
    pairs: Pairs, share: float, seed: int, on_progress: Progress = lambda done, of: None
) -> tuple[list[int], list[int]]:
    """Rows for training and validation: a group, and a picture, lies on one side whole.

    ``on_progress``: of the pictures that are compared for it, where they are streamed.
    """
    pictures = [pairs.digests[row] for row in pairs.picture.tolist()]
    return split_rows(pairs.groups, pictures, _looks(pairs, on_progress), share, seed)


def split_rows(
    groups: list[str], pictures: list[str], looks: Looks, share: float, seed: int
) -> tuple[list[int], list[int]]:
    """``groups`` and ``pictures``: of each row, the latter by their digests, as in ``looks``.

    A hash of the group alone decides, so that adding pairs moves no old pair to the other side; groups that share a picture,
    or show nearly the same one, stay together. Sets of nearly the same pictures lie around one picture each
    (``likeness.near_duplicates``), so two of different sets may be near as well: such training pairs are on neither side.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = name = parent[above]
        return name

    def join(first: str, second: str) -> None:
        top, below = sorted((root(first), root(second)))  # groups sort before pictures, whatever the order of the pairs
        parent[below] = top

    for picture, group in zip(pictures, groups, strict=True):
        join(f"group {group}", f"picture {picture}")
    first = near_duplicates(looks.hashes, looks.copies)
    for at in np.flatnonzero(first != np.arange(len(first))).tolist():
        join(f"picture {looks.digests[at]}", f"picture {looks.digests[first[at]]}")

    sides: tuple[list[int], list[int]] = ([], [])
    for index, group in enumerate(groups):
        digest = hashlib.sha256(f"{seed}\0{root(f'group {group}')}".encode("utf-8", "replace")).digest()
        sides[int.from_bytes(digest[:8], "big") < share * 2**64].append(index)
    shown_held = {pictures[row] for row in sides[1]}
    held = np.array([digest in shown_held for digest in looks.digests], bool)
    others = near_others(looks.hashes[~held], looks.copies[~held], looks.hashes[held], looks.copies[held]) >= 0
    near = {looks.digests[at] for at in np.flatnonzero(~held)[others].tolist()}
    return [row for row in sides[0] if pictures[row] not in near], sides[1]


def _looks(pairs: Pairs, on_progress: Progress) -> Looks:
    """In the order of digests, whatever the order of the pairs."""
    rows, _ = pairs.shown_pictures()
    rows = rows[np.argsort([pairs.digests[row] for row in rows.tolist()], kind="stable")]
    names = [pairs.digests[row] for row in rows.tolist()]
    if isinstance(pairs.pixels, Streamed):
        return Looks(names, *pairs.pixels.appearances(rows.tolist(), on_progress))
    pictures = [Image.fromarray(np.asarray(pairs.pixels[row])) for row in rows.tolist()]
    hashes = np.array([perceptual_hash(picture) for picture in pictures], np.uint64)
    copies = np.array([small_copy(picture) for picture in pictures], np.uint8)
    return Looks(names, hashes, copies)
