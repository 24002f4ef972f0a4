"""What Pillow opens in bands of rows: a PNG's as they are inflated, a TIFF's by strips and tiles, of others what is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from ..pixels.bands import Band
from ..pixels.curves import Curves
from .deep import deep
from .flat import flat
from .png_colour import png_curves
from .png_rows import PngRows

_AT_ONCE = 1 << 20  # pixels

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class PngBands:
    """``rows`` of a PNG, each band as Pillow opens it alone; background: RGB."""

    rows: PngRows
    background: Colour
    orientation: int = 1
    full_size: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        return self.rows.width

    @property
    def height(self) -> int:
        return self.rows.height

    def starting(self, row: int) -> tuple[int, Iterator[Band]]:
        """From the top: a row is filtered by that above it."""
        return 0, self._deep() if self.rows.bits == 16 else self._flat()

    def _flat(self) -> Iterator[Band]:
        for band in self.rows.bands():
            with band:
                band.load()
                yield flat(band, self.rows.data, self.background, png_curves(band, self.rows.data))

    def _deep(self) -> Iterator[Band]:
        above = b""
        for lines in self.rows.filtered():
            given = b"\0" + above + lines if above else lines
            data = self.rows.png(len(given) // (self.rows.row + 1), given)
            with Image.open(io.BytesIO(data), formats=["PNG"]) as band:
                decoded = deep(band, data, png_curves(band, data))
            assert decoded is not None  # 16 bits
            values = decoded.values[1:] if above else decoded.values
            above = values[-1].astype(">u2").tobytes()
            yield replace(decoded, values=values)


def tiff_band(data: bytes, background: Colour) -> Band:
    """A band of a TIFF's page, a TIFF of its own."""
    with Image.open(io.BytesIO(data), formats=["TIFF"]) as band:
        values = deep(band, data, None)
        if values is not None:
            return values
        band.load()
        return flat(band, data, background, None)


@dataclass(frozen=True)
class PictureBands:
    """A ``picture`` that Pillow has decoded, brought to RGB a band at a time; ``data``: of its file."""

    picture: Image.Image
    data: bytes
    background: Colour
    curves: Curves | None
    orientation: int
    full_size: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def height(self) -> int:
        return self.picture.height

    def starting(self, row: int) -> tuple[int, Iterator[Band]]:
        """From ``row``."""
        return row, self._from(row)

    def _from(self, row: int) -> Iterator[Band]:
        step = max(1, _AT_ONCE // self.width)
        for top in range(row, self.height, step):
            part = self.picture.crop((0, top, self.width, min(self.height, top + step)))
            part.format = self.picture.format
            yield flat(part, self.data, self.background, self.curves)
