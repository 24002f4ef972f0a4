"""What a reader of any format hands over: a picture's values as they stand in the file, and what the file says of them.

A reader undoes compression, planes, tiles, palettes and predictors, chooses the page, and no more: ``rendering.render`` makes of
it the pixels that a careful viewer shows, by the same rules for every format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .curves import Curves

#: Grey: one band; RGB and Lab: three; CMYK: four, 0 is no ink. Lab: floats, L* 0..100, a* and b* about -128..127, D50.
Space: TypeAlias = Literal["grey", "rgb", "cmyk", "lab"]
#: Bands of each.
BANDS: dict[Space, int] = {"grey": 1, "rgb": 3, "cmyk": 4, "lab": 3}
Alpha: TypeAlias = Literal["none", "straight", "premultiplied"]


@dataclass(frozen=True, eq=False)
class Decoded:
    """``values``: (H, W, C), bool, int or uint of 8 to 64 bits, or float of 16 to 64, in native byte order; the bands of ``space``,
    then one of alpha where there is one. NaN stands for nothing.

    bits: how many a value can use, where the file says so (TIFF BitsPerSample, DICOM BitsStored, a JPEG 2000 precision); None
    where only its type is known, so that the values decide (12 bits put into 16).
    inverted: 0 is white (MINISWHITE, MONOCHROME1).
    window: the values that become black and white, where the file gives them (SMin/SMaxSampleValue, a DICOM window that is linear);
    they stand above ``Rules.depth_range``.
    no_data: values that stand for nothing where every colour band has one of them (GDAL_NODATA); they are left out of the range.
    valid: (H, W) bool, False where nothing was recorded (a mask page, DICOM's pixel padding).
    transparent: the one colour that shows what is behind it, in the values' own unit, one number for each colour band (tRNS).
    alpha: what the last band is; its full value is that of its type or ``bits``, or 1.0 of floats.
    profile: an ICC profile's bytes. curves: what else says how values become light (PNG's gAMA, cHRM and cICP), used where
    there is no profile.
    orientation: EXIF's 1 to 8; the values are as stored.
    full_size: width and height of the whole picture as stored, where ``values`` are a reduced copy; None: those of ``values``.
    format: as Pillow names it (TIFF, PNG), or the reader's own name (DICOM).
    met: the rules' names (``rules.VERSIONS``) that the reader itself applied: ``pages`` where it chose among pages, ``size``, its
    own ``format.…``. facts: what decided the picture, for people (``page 2 of 3``).
    """

    values: NDArray[Any]
    space: Space
    alpha: Alpha = "none"
    bits: int | None = None
    inverted: bool = False
    window: tuple[float, float] | None = None
    no_data: tuple[float, ...] = ()
    valid: NDArray[np.bool_] | None = None
    transparent: tuple[float, ...] | None = None
    profile: bytes | None = None
    curves: Curves | None = None
    orientation: int = 1
    full_size: tuple[int, int] | None = None
    format: str = ""
    met: frozenset[str] = frozenset()
    facts: tuple[str, ...] = field(default=())
