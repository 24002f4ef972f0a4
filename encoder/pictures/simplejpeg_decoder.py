"""An optional JPEG decoder, simplejpeg: libjpeg-turbo without Pillow's steps around it. Whether it is used is measured first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: A file's bytes, the least edge that both sides must keep, and Pillow's mode, RGB or L -> (H, W, 3) or (H, W) uint8.
Decoder: TypeAlias = Callable[[bytes, int, str], NDArray[np.uint8]]


def load_simplejpeg() -> Decoder | None:
    """A decoder that reduces as Pillow's draft mode does; None where simplejpeg is not installed.

    It raises ValueError on anything odd in a file, which Pillow may still read.
    """
    try:
        import simplejpeg
    except ImportError:
        return None

    def decode(data: bytes, edge: int, mode: str) -> NDArray[np.uint8]:
        space = "RGB" if mode == "RGB" else "GRAY"
        # Below 2 a fraction costs more than the whole.
        pixels: Any = simplejpeg.decode_jpeg(data, space, min_height=edge, min_width=edge, min_factor=2)
        decoded: NDArray[np.uint8] = pixels if mode == "RGB" else pixels[..., 0]
        return decoded

    return decode
