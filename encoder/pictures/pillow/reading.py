"""What Pillow reads of a file: the page that is the picture, large ones at a fraction and in bands, and the parts of one."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.TiffImagePlugin import TiffImageFile

from ..crop import Crop
from ..formats.asked import Asked
from ..formats.registry import Format
from ..formats.tiff_windows import TiffBands, TiffRows
from ..header import check_size, opened
from ..pixels.bands import Bands, Whole
from ..pixels.orientation import SWAPPED, orientation_of, turned_before
from ..pixels.rendering import Seen, finished, render, shown, shown_parts
from ..size import factor_of, is_large, least_edge
from .bands import PictureBands, PngBands, tiff_band
from .deep import deep
from .flat import flat
from .jpeg2000 import levels
from .pages import Chosen, choose
from .png_colour import png_curves
from .png_rows import PngRows, info_behind

_REDUCIBLE = ("JPEG", "MPO")
_BY_STEPS = "size.bands"
#: The rule by which the decoder of a format reads large pictures at a fraction; of others ``size``.
_SIZES = {"JPEG2000": "size.jpeg2000"}


def read_by_pillow(data: bytes, known: Format, asked: Asked, crops: Sequence[Crop] = ()) -> list[Seen]:
    """The picture of a file of the format ``known``, or each of ``crops`` of it, in this process. Raises ImageError with the
    reason."""
    with opened(io.BytesIO(data), asked.max_megapixels, known.pillow) as picture:
        chosen = choose(picture, asked)
        check_size(picture, asked.max_megapixels)
        met = chosen.met | turned_before(picture)
        bands = _rows(picture, data, asked, chosen) if is_large(*picture.size) else None
        if bands is not None:
            return banded(bands, data, asked, crops, _concern(bands), met, chosen.facts)
        return _decoded(picture, data, asked, crops, replace(chosen, met=met))


def cut(seen: Seen, crops: Sequence[Crop]) -> list[Seen]:
    """``crops`` of a whole picture. Raises ImageError where one is not inside it."""
    parts = (seen.picture.crop(crop.box(*seen.picture.size)) for crop in crops)
    return [replace(seen, picture=part, width=part.width, height=part.height) for part in parts]


def banded(
    bands: Bands,
    data: bytes,
    asked: Asked,
    crops: Sequence[Crop],
    concern: str = _BY_STEPS,
    met: frozenset[str] = frozenset(),
    facts: tuple[str, ...] = (),
) -> list[Seen]:
    """A large picture of the file ``data``, as ``asked``, or ``crops`` of it."""
    if crops:
        return shown_parts(bands, asked.rules, crops, hashlib.blake2b(data).digest(), met, facts)
    least = least_edge(*(bands.full_size or (bands.width, bands.height)), asked.edge, asked.reduce_to)
    return [shown(bands, asked.rules, factor_of(bands.width, bands.height, least), concern, met, facts)]


def _rows(picture: Image.Image, data: bytes, asked: Asked, chosen: Chosen) -> Bands | None:
    """The bands of a picture that is not decoded yet; None where it is to be decoded whole."""
    background = asked.rules.background
    if picture.format == "PNG":
        rows = PngRows.read(data)
        if rows is None:
            return None
        picture.info.update(info_behind(data))
        return PngBands(rows, background, orientation_of(picture))
    if isinstance(picture, TiffImageFile) and picture.tag_v2.offset is not None:
        found = TiffRows.read(data, picture.tag_v2.offset)
        if found is None:
            return None
        full = chosen.full
        if full is not None and found.orientation in SWAPPED:
            full = full[1], full[0]
        return TiffBands(found, partial(tiff_band, background=background), full)
    return None


def _concern(bands: Bands) -> str:
    return "size.png" if isinstance(bands, PngBands) and bands.rows.bits <= 8 else _BY_STEPS


def _decoded(picture: Image.Image, data: bytes, asked: Asked, crops: Sequence[Crop], chosen: Chosen) -> list[Seen]:
    rules, full, kind = asked.rules, chosen.full or picture.size, picture.format or ""
    least = None if crops else least_edge(*picture.size, asked.edge, asked.reduce_to)
    if least is not None:
        _reduce(picture, data, least)
    curves = png_curves(picture, data)
    values = deep(picture, data, curves)
    if values is None:
        picture.load()
    smaller = (picture.width if values is None else values.values.shape[1]) < full[0]
    met = chosen.met | ({_SIZES.get(kind, "size")} if smaller else set())
    if values is not None:
        values = replace(values, met=values.met | met, full_size=full if smaller else None)
        bands: Bands = Whole(values)
    else:
        bands = PictureBands(picture, data, rules.background, curves, orientation_of(picture), full)
    if is_large(bands.width, bands.height):
        return banded(bands, data, asked, crops, met=met, facts=chosen.facts)
    if values is not None:
        whole = render(replace(values, facts=(*chosen.facts, *values.facts)), rules)
    else:
        whole = finished(flat(picture, data, rules.background, curves), bands, met, chosen.facts)
    return cut(whole, crops) if crops else [whole]


def _reduce(picture: Image.Image, data: bytes, edge: int) -> None:
    """Set ``picture``, opened but not decoded, to be decoded at a fraction of its size."""
    if picture.format in _REDUCIBLE:
        picture.draft(picture.mode, (edge, edge))
    elif isinstance(picture, Jpeg2KImageFile) and is_large(*picture.size):
        picture.reduce = min(levels(data), (min(picture.size) // edge).bit_length() - 1)
