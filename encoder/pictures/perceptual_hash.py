"""A picture's appearance in a few bytes: the same after another compression, another size, a little light.

The hash is the difference hash (dHash): the picture's grey at 9 x 8 points, each bit whether it grows from a point to
the one at its right. Of line drawings and scans, mostly one flat ground, many have near hashes; so a small copy in
colour has the last word.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 8  # of the small copy, and bits in a row of the hash
HASH_BITS = 3  # two hashes of one picture differ in at most this many of their 64 bits
COPY_STEPS = 20  # two small copies of one picture differ in no cell by more than this, of 255


def perceptual_hash(picture: Image.Image) -> int:
    """The 64-bit dHash of an RGB picture."""
    grey = np.asarray(picture.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX), np.int16)
    bits = (grey[:, 1:] > grey[:, :-1]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def small_copy(picture: Image.Image) -> NDArray[np.uint8]:
    """(8, 8, 3) uint8: the mean colour of each of 64 cells."""
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX), np.uint8)


def appearance(pixels: NDArray[np.uint8]) -> bytes:
    """Hash (8 bytes, the first bit first) and small copy (192 bytes, row by row) of (H, W, 3) uint8 pixels."""
    picture = Image.fromarray(pixels)
    return perceptual_hash(picture).to_bytes(8, "big") + small_copy(picture).tobytes()


def near_duplicates(hashes: NDArray[np.uint64], copies: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N,) int64: for each picture the number of the first one that it is nearly the same as, its own where there is none.

    hashes: (N,). copies: (N, 8, 8, 3). Two are nearly the same where hashes differ in at most HASH_BITS bits and copies in
    no cell by more than COPY_STEPS; what is linked by a chain of such pairs has one number. Hashes so near agree in one of
    four 16-bit bands at least, so only pictures that share a band are compared.
    """
    first = np.arange(len(hashes))

    def root(picture: int) -> int:
        while first[picture] != picture:
            first[picture] = picture = int(first[first[picture]])
        return picture

    flat = copies.reshape(len(copies), SIDE * SIDE * 3).astype(np.int16)
    for band in range(4):
        keys = ((hashes >> np.uint64(16 * band)) & np.uint64(0xFFFF)).astype(np.int64)
        order = np.argsort(keys, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            for place, picture in enumerate(bucket[:-1].tolist()):
                rest = bucket[place + 1 :]
                near = rest[np.bitwise_count(hashes[rest] ^ hashes[picture]) <= HASH_BITS]
                for other in near[(np.abs(flat[near] - flat[picture]) <= COPY_STEPS).all(1)].tolist():
                    lower, higher = sorted((root(picture), root(other)))
                    first[higher] = lower
    return np.array([root(picture) for picture in range(len(first))], np.int64)
