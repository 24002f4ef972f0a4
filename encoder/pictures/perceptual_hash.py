"""A picture's appearance in a few bytes: the same after another compression, another size, a little light.

The hash is the difference hash (dHash): the picture's grey at 9 x 8 points, each bit whether it grows from a point to
the one at its right. Of line drawings and scans, mostly one flat ground, many have near hashes; so a small copy in
colour has the last word (``likeness.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .likeness import SIDE


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
