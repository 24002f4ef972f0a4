"""JPEG XL by imagecodecs (libjxl): 8 to 16 bits and floats, alpha, turned as the file says; of a moving one the first frame.

libjxl hands over sRGB for what was stored by its own colour model; a profile of another picture is not handed over.
"""

from __future__ import annotations

import imagecodecs
import numpy as np

from ...errors import ImageError
from ...limits import check_pixels
from ...pixels.decoded import Decoded
from ..asked import Asked


def read(data: bytes, asked: Asked) -> Decoded:
    """The first frame."""
    try:
        values = np.asarray(imagecodecs.jpegxl_decode(data, numthreads=1))
    except imagecodecs.JpegxlError as problem:
        raise ImageError(f"libjxl refuses it: {problem}") from None
    if values.ndim == 2:
        values = values[..., None]
    elif values.ndim == 4:
        values = values[0]
    height, width, bands = values.shape
    check_pixels(width, height, asked.max_megapixels)
    whole = values.dtype.kind == "u"
    return Decoded(
        values,
        "grey" if bands < 3 else "rgb",
        "straight" if bands in (2, 4) else "none",
        bits=values.dtype.itemsize * 8 if whole else None,
        window=None if whole else (0.0, 1.0),
        format="JPEG XL",
        met=frozenset({"format.jpeg_xl"}),
    )
