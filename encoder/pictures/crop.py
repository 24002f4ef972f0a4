"""A part of a picture, as it is shown: written by people, drawn in a page, and cut out of decoded pixels. Pure; needs no Pillow."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from .errors import ImageError

Unit: TypeAlias = Literal["pixels", "fractions"]

#: The shortest side of a crop, in pixels: of less, a model sees nothing but a few colours.
SMALLEST = 8
# A sum of fractions may be a little more than the whole that was meant.
_ROUNDING = 1e-6
_NUMBER = r"\s*([-+]?\d+(?:\.\d+)?)"
_PIXELS = re.compile(rf"{_NUMBER}\s*,{_NUMBER}\s*,{_NUMBER}\s*,{_NUMBER}\s*", re.ASCII)
_PAGE = re.compile(r"\s*(?:page|frame|slice)=(\d{1,6})\s*(?:,(.*))?", re.ASCII)
_PERCENT = re.compile(rf"{_NUMBER}%\s*,{_NUMBER}%\s*,{_NUMBER}%\s*,{_NUMBER}%\s*", re.ASCII)


@dataclass(frozen=True)
class Crop:
    """``left`` and ``top``, ``width`` and ``height`` of a part of a picture, counted from its top left corner after it was turned
    as its EXIF says.

    unit: ``pixels``, whole numbers, or ``fractions`` of the picture's width and height, 0 to 1.
    page: of a file of several pages, frames or slices the one that is meant, from 1; None: the one that is the picture else.

    Raises ImageError, whose text is the reason, for what is a part of no picture: negative, empty, not finite, beyond 1 in
    fractions.
    """

    left: float
    top: float
    width: float
    height: float
    unit: Unit = "pixels"
    page: int | None = None

    def __post_init__(self) -> None:
        numbers = (self.left, self.top, self.width, self.height)
        ends = (self.left + self.width, self.top + self.height)
        if self.unit not in ("pixels", "fractions"):
            raise ImageError(f"the crop's unit {self.unit!r} is not known; give pixels or fractions")
        if not all(map(math.isfinite, (*numbers, *ends))):
            raise ImageError(f"the crop {self} has a number that is not finite, or too large")
        if self.unit == "pixels" and any(number != int(number) for number in numbers):
            raise ImageError(f"the crop {self} has a part of a pixel; give whole numbers, or per cent")
        if self.page is not None and self.page < 1:
            raise ImageError(f"page {self.page} is none; pages, frames and slices count from 1")
        if self.left < 0 or self.top < 0:
            raise ImageError(f"the crop {self} begins outside the picture; give 0 or more from its left and top")
        if self.width <= 0 or self.height <= 0:
            raise ImageError(f"the crop {self} is empty; give a width and a height above 0")
        if self.unit == "fractions" and max(ends) > 1 + _ROUNDING:
            raise ImageError(f"the crop {self} ends outside the picture, at {max(ends):.4g} of 1 (100%)")

    @classmethod
    def whole(cls, page: int | None = None) -> Crop:
        """All of the picture, or of a page of it."""
        return cls(0, 0, 1, 1, "fractions", page)

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the picture, or of its page."""
        return self.unit == "fractions" and (self.left, self.top, self.width, self.height) == (0, 0, 1, 1)

    @classmethod
    def read(cls, text: str) -> Crop | None:
        """Of ``10,20,100,80`` (pixels), ``10%,20%,50%,40%``, ``page=3`` (or ``frame``, ``slice``) or ``page=3,10,20,100,80``; None
        for another form. Raises ImageError as ``Crop`` does."""
        if paged := _PAGE.fullmatch(text):
            part = cls.whole() if paged[2] is None else cls.read(paged[2])
            return part and replace(part, page=int(paged[1]))
        unit: Unit = "fractions" if "%" in text else "pixels"
        match = (_PIXELS if unit == "pixels" else _PERCENT).fullmatch(text)
        if match is None:
            return None
        left, top, width, height = (float(number) / (1 if unit == "pixels" else 100) for number in match.groups())
        return cls(left, top, width, height, unit)

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in the pixels of a picture of this size; fractions are rounded to whole pixels.

        Raises ImageError where that is not inside the picture, or smaller than SMALLEST x SMALLEST.
        """
        if self.is_whole:
            return 0, 0, width, height
        across, down = (1, 1) if self.unit == "pixels" else (width, height)
        left, right = round(self.left * across), round((self.left + self.width) * across)
        top, bottom = round(self.top * down), round((self.top + self.height) * down)
        if self.unit == "fractions":
            right, bottom = min(right, width), min(bottom, height)
        if right > width or bottom > height:
            raise ImageError(f"the crop {self} ends outside the picture, which has {width} x {height} pixels")
        if min(right - left, bottom - top) < SMALLEST:
            raise ImageError(
                f"the crop {self} is too small: {right - left} x {bottom - top} of {width} x {height} pixels, "
                f"expected {SMALLEST} x {SMALLEST} or more"
            )
        return left, top, right, bottom

    def __str__(self) -> str:
        """As ``read`` takes it."""
        page = "" if self.page is None else f"page={self.page}"
        if page and self.is_whole:
            return page
        scale, sign = (1, "") if self.unit == "pixels" else (100, "%")
        numbers = (self.left, self.top, self.width, self.height)
        written = ",".join(f"{round(number * scale, 4):.12g}{sign}" for number in numbers)
        return f"{page},{written}" if page else written


@dataclass(frozen=True)
class PictureFile:
    """A picture's file, and the part of the picture that is meant, by default all of it."""

    path: Path
    crop: Crop | None = None
