"""Which rules a picture may meet, by its header: asked of documents that do not say it themselves."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from .errors import ImageError
from .header import MAX_MEGAPIXELS, is_deep, opened
from .pillow.png_colour import png_curves
from .pixels.colour import to_srgb
from .pixels.orientation import turned_before
from .size import is_large

_GREYS_OF_FEW_BITS = (2, 4)
_SUB_IFDS, _NO_DATA, _SIGNED = 330, 42113, 2


def may_meet(data: bytes) -> frozenset[str]:
    """Names of ``rules.VERSIONS``; nothing where the bytes are no picture, and for a plain 8-bit picture in sRGB."""
    try:
        with opened(io.BytesIO(data), MAX_MEGAPIXELS) as picture:
            found = set(turned_before(picture))
            if is_large(*picture.size):
                found.add("size.bands")
                if picture.format in ("JPEG", "MPO", "TIFF"):
                    found.add("size")
                elif picture.format in ("PNG", "JPEG2000"):
                    found.add(f"size.{picture.format.lower()}")
            if is_deep(picture) or (isinstance(picture, TiffImageFile) and _odd_values(picture.tag_v2)):
                found.add("depth")
            if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
                found.add("pages")
            if isinstance(picture, TiffImageFile) and _SUB_IFDS in picture.tag_v2:
                found.add("pages")
            if picture.format == "PNG" and "transparency" in picture.info and _scaled_key(picture, data):
                found.add("transparency.key")
            if _coloured(picture, data):
                found.add("colour")
            return frozenset(found)
    except ImageError:
        return frozenset()


def _odd_values(tags: Any) -> bool:
    kinds = tags.get(339, 1)
    return _NO_DATA in tags or _SIGNED in (kinds if isinstance(kinds, tuple) else (kinds,))


def _scaled_key(picture: Image.Image, data: bytes) -> bool:
    return data[24] == 16 or (picture.mode == "L" and data[24] in _GREYS_OF_FEW_BITS)


def _coloured(picture: Image.Image, data: bytes) -> bool:
    if picture.mode in ("CMYK", "LAB") or png_curves(picture, data) is not None:
        return True
    profile = picture.info.get("icc_profile")
    return bool(profile) and bool(to_srgb(Image.new("L" if picture.mode in ("L", "LA") else "RGB", (1, 1)), profile)[1])
