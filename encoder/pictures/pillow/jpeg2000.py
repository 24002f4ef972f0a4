"""16-bit colours of JPEG 2000, of which Pillow keeps the high byte: whole by imagecodecs (OpenJPEG) where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError
from ..pixels.decoded import Alpha, Decoded
from ..pixels.depth import range_of

_CODESTREAM = b"\xff\x4f\xff\x51"
_PRECISION = 42  # from the codestream's start: that of the first component
_ENUMERATED = b"colr\x01"
_SRGB = 16
#: The high byte of values that use 15 bits or all.
_ENOUGH = 64


def precision(data: bytes) -> int | None:
    """Bits of a value, as the codestream says them; None where there is none."""
    at = data.find(_CODESTREAM)
    return (data[at + _PRECISION] & 0x7F) + 1 if 0 <= at < len(data) - _PRECISION else None


def levels(data: bytes) -> int:
    """How often the picture can be halved without decoding it (COD, ITU-T T.800, A.6.1); 0 where that is not said."""
    at = data.find(b"\xff\x52", data.find(_CODESTREAM))
    return min(32, data[at + 9]) if 0 <= at < len(data) - 9 else 0


def deep_colours(picture: Image.Image, data: bytes) -> Decoded | None:
    """The values of 16-bit RGB, opened by Pillow; None where its 8 bits tell all of it.

    Raises ImageError where fewer bits are in use, which Pillow's 8 bits do not tell, and imagecodecs is not installed.
    """
    if picture.mode not in ("RGB", "RGBA") or precision(data) != 16 or not _is_rgb(data):
        return None
    try:
        import imagecodecs
    except ImportError:
        picture.load()
        high = range_of(np.asarray(picture)[..., :3].astype(np.int16), None, None, "used")[1]
        if high < _ENOUGH:
            raise ImageError(
                "16-bit colours of which fewer bits are in use are read with: pip install 'clipseek[formats]'"
            ) from None
        return None
    values: NDArray[Any] = np.asarray(imagecodecs.jpeg2k_decode(data))
    if values.ndim != 3 or values.dtype != np.uint16 or values.shape[2] != len(picture.mode):
        return None
    alpha: Alpha = "straight" if picture.mode == "RGBA" else "none"
    return Decoded(values, "rgb", alpha, profile=picture.info.get("icc_profile"), format="JPEG2000")


def _is_rgb(data: bytes) -> bool:
    """Whether the values are red, green and blue: a bare codestream, or a file that names sRGB or a profile."""
    start, at = data.find(_CODESTREAM), data.find(_ENUMERATED)
    return at < 0 or at > start or int.from_bytes(data[at + 7 : at + 11], "big") == _SRGB
