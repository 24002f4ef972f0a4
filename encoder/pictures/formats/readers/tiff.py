"""TIFF by tifffile with imagecodecs: what Pillow does not read, or reads with fewer bits than stand in the file.

BigTIFF, tiles, planes, predictors, floats, any number of bands, JPEG and other codecs inside; a reduced level where there is one.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC, TiffPage

from ...errors import ImageError
from ...limits import check_pixels
from ...pixels.decoded import Decoded, Space
from ...pixels.no_data import read_no_data
from ...pixels.orientation import SWAPPED
from ...rules import Rules
from ...size import is_large, least_edge
from ..asked import Asked
from ..tiff_windows import TiffBands, TiffRows
from .tiff_bands import chosen_bands
from .tiff_pages import chosen_page, reduced_level, whole_pages

# tifffile warns of a no-data value that is no value of the picture's type; it is read here by itself.
logging.getLogger("tifffile").addFilter(lambda record: "GDAL_NODATA" not in record.getMessage())
_MET = frozenset({"format.tiff"})
_SPACES: dict[int, Space] = {
    PHOTOMETRIC.MINISWHITE: "grey",
    PHOTOMETRIC.MINISBLACK: "grey",
    PHOTOMETRIC.RGB: "rgb",
    PHOTOMETRIC.PALETTE: "rgb",
    PHOTOMETRIC.SEPARATED: "cmyk",
    PHOTOMETRIC.YCBCR: "rgb",
    PHOTOMETRIC.CIELAB: "lab",
    PHOTOMETRIC.ICCLAB: "lab",
}
_OWN_COLOURS = (COMPRESSION.JPEG, COMPRESSION.OJPEG, COMPRESSION.APERIO_JP2000_YCBC, COMPRESSION.APERIO_JP2000_RGB)


def read(data: bytes, asked: Asked) -> Decoded | TiffBands:
    """The first page that is no reduced copy of another; a large one in bands."""
    with _reasons():
        # Not closed: the tags of large values are read when they are asked for.
        page = _chosen(tifffile.TiffFile(io.BytesIO(data)), asked)
        large = is_large(page.source.imagewidth, page.source.imagelength)
        rows = TiffRows.read(data, page.source.offset) if large else None
        return page.shown(*_values(page.source)) if rows is None else TiffBands(rows, page.band, page.full_size)


@contextlib.contextmanager
def _reasons() -> Iterator[None]:
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except Exception as problem:  # tifffile and imagecodecs raise what they like on broken files
        words = " ".join(str(problem).split())
        raise ImageError(f"not readable as TIFF: {words[:160] or type(problem).__name__}") from None


def pages(data: bytes) -> list[int]:
    """The numbers, from 1, of those that are neither reduced copies nor masks."""
    with _reasons(), tifffile.TiffFile(io.BytesIO(data)) as file:
        return whole_pages(file)


def size(data: bytes) -> tuple[int, int]:
    """Width and height of the page that is read, upright."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page, _ = chosen_page(file, Asked(Rules(), 0))
        width, height = page.imagewidth, page.imagelength
        return (height, width) if int(page.tags.valueof(274, 1) or 1) in SWAPPED else (width, height)


@dataclass(frozen=True)
class Page:
    """``page`` of a file; ``source``: itself, or the reduced copy that is read; ``full_size``: then of the whole, as stored."""

    page: TiffPage
    source: TiffPage
    rules: Rules
    full_size: tuple[int, int] | None
    met: frozenset[str]
    facts: tuple[str, ...]

    def shown(self, values: NDArray[Any], bits: int | None) -> Decoded:
        """(H, W, C) ``values`` of the page, or of a band of it, with all that the page says of them."""
        page, source, photometric = self.page, self.source, int(self.source.photometric)
        space = _SPACES[photometric]
        if photometric == PHOTOMETRIC.PALETTE:
            values, bits = _looked_up(values, source), None
        elif photometric == PHOTOMETRIC.YCBCR and source.compression not in _OWN_COLOURS:
            values = _from_ycbcr(values)
        elif space == "lab":
            values = _lab(values, signed=photometric == PHOTOMETRIC.CIELAB)
        if space == "cmyk" and values.shape[2] < 4:
            raise ImageError(f"{values.shape[2]} inks, expected cyan, magenta, yellow and black")
        bands = chosen_bands(page, space, values.shape[2], self.rules.bands)
        return Decoded(
            np.ascontiguousarray(values[..., bands.chosen]) if bands.chosen != (*range(values.shape[2]),) else values,
            bands.space,
            bands.alpha,
            bits=bits,
            inverted=photometric == PHOTOMETRIC.MINISWHITE,
            window=_window(page, values.dtype),
            no_data=read_no_data(str(page.tags.valueof(42113, ""))),
            profile=page.tags.valueof(34675) or None,
            orientation=int(page.tags.valueof(274, 1) or 1),
            full_size=self.full_size,
            format="TIFF",
            met=self.met,
            facts=(*self.facts, *bands.facts),
        )

    def band(self, data: bytes) -> Decoded:
        """A band of the page, a TIFF of its own."""
        with _reasons(), tifffile.TiffFile(io.BytesIO(data)) as file:
            band = file.pages[0]
            assert isinstance(band, TiffPage)
            return self.shown(*_values(band))


def _chosen(file: tifffile.TiffFile, asked: Asked) -> Page:
    page, facts = chosen_page(file, asked)
    check_pixels(page.imagewidth, page.imagelength, asked.max_megapixels)
    full = (page.imagewidth, page.imagelength)
    met = _MET | {"pages"} if len(file.pages) > 1 else _MET
    level = reduced_level(file, page, least_edge(*full, asked.edge, asked.reduce_to))
    if level is not None:
        facts.append(f"read from its level of {level.imagewidth} x {level.imagelength} pixels")
        met |= {"size"}
    source = level or page
    if int(source.photometric) not in _SPACES:
        raise ImageError(f"its photometric interpretation {int(source.photometric)} is not read")
    return Page(page, source, asked.rules, full if level is not None else None, met, tuple(facts))


def _values(page: TiffPage) -> tuple[NDArray[Any], int | None]:
    """(H, W, C), and the bits that a value can use where they are fewer than its type's."""
    values = page.asarray()
    if values.dtype.kind == "c":
        raise ImageError("its values are complex numbers")
    # Planes, depth, height, width, samples of one plane; of a volume the first slice.
    planes = values.reshape(page.shaped)[:, 0]
    values = np.moveaxis(planes[..., 0], 0, -1) if planes.shape[0] > 1 else planes[0]
    declared = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    whole = values.dtype.kind in "ui"
    return values, declared if whole and declared < values.dtype.itemsize * 8 else None


def _looked_up(values: NDArray[Any], page: TiffPage) -> NDArray[Any]:
    table = page.colormap
    if table is None:
        raise ImageError("a palette picture without its palette")
    table = np.asarray(table).T
    # Some write 8 bits, though it has 16.
    table = (table if table.max() < 256 else table >> 8).astype(np.uint8)
    looked_up: NDArray[Any] = table[np.minimum(values[..., 0], len(table) - 1)]
    return looked_up


def _from_ycbcr(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Full range, ITU-R BT.601, as TIFF's defaults say."""
    if values.dtype != np.uint8 or values.shape[2] < 3:
        raise ImageError("YCbCr of other than 8 bits is not read")
    y, cb, cr = (values[..., band].astype(np.float32) for band in range(3))
    red, blue = y + 1.402 * (cr - 128), y + 1.772 * (cb - 128)
    green = (y - 0.299 * red - 0.114 * blue) / 0.587
    return np.stack([red, green, blue], axis=-1).round().clip(0, 255).astype(np.uint8)


def _lab(values: NDArray[Any], *, signed: bool) -> NDArray[np.float32]:
    """L* 0..100, a* and b* about -128..127 (TIFF 6.0, section 23; ICCLAB stores a* and b* with 128 added)."""
    if values.dtype.kind not in "ui" or values.dtype.itemsize > 2 or values.shape[2] < 3:
        raise ImageError("Lab of other than 8 or 16 bits is not read")
    step = 1 if values.dtype.itemsize == 1 else 256
    stored = values[..., :3].view(f"u{values.dtype.itemsize}")
    lightness = stored[..., :1].astype(np.float32) * (100 / (255 * step + (step > 1) * 255))
    if signed:
        colours = stored[..., 1:].view(f"i{values.dtype.itemsize}").astype(np.float32) / step
    else:
        colours = stored[..., 1:].astype(np.float32) / step - 128
    return np.concatenate([lightness, colours], axis=-1)


def _window(page: TiffPage, dtype: np.dtype[Any]) -> tuple[float, float] | None:
    """SMinSampleValue and SMaxSampleValue; libraries write the type's own limits, which say nothing."""
    low, high = page.tags.valueof(340), page.tags.valueof(341)
    if low is None or high is None:
        return None
    low, high = float(np.min(low)), float(np.max(high))
    if not low < high or (dtype.kind in "ui" and high >= np.iinfo(dtype).max):
        return None
    return low, high
