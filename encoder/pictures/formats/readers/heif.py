"""HEIC and HEIF by pi-heif (libheif, libde265): 8 to 16 bits, profile or nclx, alpha, turned as the file says."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pi_heif

from ...errors import ImageError
from ...limits import check_pixels
from ...pixels.curves import PRIMARIES, Curves
from ...pixels.decoded import Alpha, Decoded
from ..asked import Asked

_ALPHA: dict[str, Alpha] = {"RGBA": "straight", "LA": "straight", "RGBa": "premultiplied"}


def read(data: bytes, asked: Asked) -> Decoded:
    """The primary picture. libheif turns and mirrors it itself, so EXIF's orientation no longer holds."""
    try:
        # 10 and 12 bits come in 16, scaled to their whole range.
        container = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    except (SyntaxError, EOFError, ValueError, RuntimeError) as problem:
        raise ImageError(f"libheif refuses it: {problem}") from None
    picture = container[container.primary_index]
    width, height = picture.size
    check_pixels(width, height, asked.max_megapixels)
    values = np.asarray(_Kept(picture))
    if values.ndim == 2:
        values = values[..., None]
    mode = picture.mode.partition(";")[0]
    facts = [f"picture {container.primary_index + 1} of {len(container)}"] if len(container) > 1 else []
    depth = picture.info.get("bit_depth", 8)
    return Decoded(
        values,
        "grey" if values.shape[2] < 3 else "rgb",
        _ALPHA.get(mode, "none"),
        bits=values.dtype.itemsize * 8,
        profile=picture.info.get("icc_profile") or None,
        curves=_curves(picture.info.get("nclx_profile")),
        format="HEIF",
        met=frozenset({"format.heif"}),
        facts=(*facts, f"{depth} bits"),
    )


class _Kept:
    """A picture's memory, which is libheif's, and the picture, which keeps it."""

    def __init__(self, picture: Any) -> None:
        self._picture = picture
        self.__array_interface__ = np.asarray(picture).__array_interface__


def _curves(nclx: Mapping[str, Any] | None) -> Curves | None:
    """The code points of H.273; what is unspecified or has no formula is taken for sRGB."""
    if not nclx:
        return None
    curves = Curves(
        transfer=int(nclx["transfer_characteristics"]), primaries=PRIMARIES.get(int(nclx["color_primaries"]))
    )
    return curves if curves.known else None
