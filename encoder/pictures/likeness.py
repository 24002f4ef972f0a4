"""Which pictures look nearly the same: one rule for ``data check``, the training split, and searches with ``--group-near``.

A picture's appearance is a 64-bit hash and 8 x 8 mean colours (``perceptual_hash.py``). Two are nearly the same where their
hashes differ in at most HASH_BITS and no mean colour by more than the rule allows them: of COPY_STEPS where the pictures have
strong contrasts, of less where they have few, for a flat picture is nothing but its colour. Sets lie around a picture:
everything in one is nearly the same as its first, never by a chain of others.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 8  # of the small copy, and bits in a row of the hash
HASH_BITS = 3  # two hashes of one picture differ in at most this many of their 64 bits
COPY_STEPS, FLAT_STEPS = 20, 1  # of 255, by which a mean colour may differ: of strong contrasts, of none
_STEPS_OF = 4  # of a picture's range of mean colours, a quarter
_BANDS = 4  # hashes so near agree in one of four 16-bit bands at least


def steps(copies: NDArray[np.uint8]) -> NDArray[np.int16]:
    """By how much each picture's mean colours may differ from another's: (N,) of small copies (N, cells, 3)."""
    ranges = (copies.max(1).astype(np.int16) - copies.min(1)).max(1)
    return np.asarray(np.clip(ranges // _STEPS_OF, FLAT_STEPS, COPY_STEPS), np.int16)


def alike(
    one: tuple[Any, NDArray[np.uint8]], hashes: NDArray[np.uint64], copies: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """(N,): which of N pictures look nearly the same as ``one``, a hash (uint64) and a small copy (cells, 3)."""
    hash_, copy = one
    near = np.bitwise_count(hashes ^ hash_) <= HASH_BITS
    if near.any():
        allowed = np.minimum(steps(copies[near]), steps(copy[None])[0])
        apart = np.abs(copies[near].astype(np.int16) - copy).max((1, 2))
        near[near] = apart <= allowed
    return np.asarray(near)


def near_duplicates(hashes: NDArray[np.uint64], copies: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N,) int64: for each picture the number of the first of its set, its own where it begins one.

    hashes: (N,). copies: (N, 8, 8, 3). In their order, each picture joins the first set around whose first it lies.
    """
    cells = copies.reshape(len(copies), SIDE * SIDE, 3)
    first = np.arange(len(hashes))
    bands = _bands(hashes)
    firsts: dict[tuple[int, int], list[int]] = defaultdict(list)
    for picture, keys in enumerate(bands):
        places = list(enumerate(keys))
        candidates = np.array(sorted({other for place in places for other in firsts[place]}), np.int64)
        if len(candidates):
            found = candidates[alike((hashes[picture], cells[picture]), hashes[candidates], cells[candidates])]
            if len(found):
                first[picture] = found[0]
                continue
        for place in places:
            firsts[place].append(picture)
    return first


def near_others(
    hashes: NDArray[np.uint64],
    copies: NDArray[np.uint8],
    other_hashes: NDArray[np.uint64],
    other_copies: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """(N,): for each of N pictures the first of M others that looks nearly the same, -1 where none does."""
    cells, others = (rows.reshape(len(rows), SIDE * SIDE, 3) for rows in (copies, other_copies))
    places: dict[tuple[int, int], list[int]] = defaultdict(list)
    for other, keys in enumerate(_bands(other_hashes)):
        for place in enumerate(keys):
            places[place].append(other)
    near = np.full(len(hashes), -1)
    for picture, keys in enumerate(_bands(hashes)):
        candidates = np.array(sorted({other for place in enumerate(keys) for other in places.get(place, ())}), np.int64)
        if len(candidates):
            one = (hashes[picture], cells[picture])
            found = candidates[alike(one, other_hashes[candidates], others[candidates])]
            near[picture] = found[0] if len(found) else -1
    return near


def _bands(hashes: NDArray[np.uint64]) -> list[list[int]]:
    """The 16-bit bands of each hash."""
    shifts = np.arange(_BANDS, dtype=np.uint64) * np.uint64(16)
    bands: list[list[int]] = ((hashes[:, None] >> shifts) & np.uint64(0xFFFF)).tolist()
    return bands
