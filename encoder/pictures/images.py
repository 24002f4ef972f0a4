"""Opening pictures of unknown origin, for every command alike: within limits, and a reason when one cannot be used."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from .crop import Crop
from .errors import ImageError
from .files import MAX_MEGABYTES
from .formats.apart import read_apart, read_crops_apart
from .formats.asked import Asked
from .formats.registry import BY_NAME, Format
from .formats.sniffing import format_of
from .header import MAX_MEGAPIXELS, check_size, opened
from .pillow.deep import deep
from .pillow.flat import Flat, flat
from .pillow.jpeg2000 import levels
from .pillow.pages import choose
from .pillow.png_colour import png_curves
from .pillow.png_rows import PngRows, info_behind
from .pixels.orientation import SWAPPED, orientation_of, turned_before, upright
from .pixels.rendering import Seen, render
from .pixels.transparency import transparent_fact
from .rules import Rules, versions_of
from .size import LARGE, least_edge

_REDUCIBLE = ("JPEG", "MPO")
#: The rule by which a format's large pictures are read at a fraction; of others ``size``.
_SIZES = {"PNG": "size.png", "JPEG2000": "size.jpeg2000"}


def open_image(
    data: bytes,
    background: tuple[int, int, int] = (255, 255, 255),
    max_megapixels: float = MAX_MEGAPIXELS,
    max_megabytes: float = MAX_MEGABYTES,
    crop: Crop | None = None,
) -> Image.Image:
    """``open_picture`` of the whole picture, by the default rules: RGB."""
    return open_picture(data, Rules(background), max_megapixels, max_megabytes, crop=crop).picture


def open_picture(
    data: bytes,
    rules: Rules,
    max_megapixels: float = MAX_MEGAPIXELS,
    max_megabytes: float = MAX_MEGABYTES,
    edge: int | None = None,
    *,
    reduce_to: int | None = None,
    crop: Crop | None = None,
) -> Seen:
    """What a careful viewer shows of a file's bytes, by ``rules``; then ``crop`` of it, whose size is then the whole picture's.

    edge: of the model, in pixels: a large picture is read at a fraction (``size.py``); None reads all of it. reduce_to: the least
    edge that both sides of any JPEG, or copy in a TIFF, keep, whatever the picture's size. A picture that is cropped is read
    whole, for the crop is to keep its own pixels.

    Thread-safe. Raises ImageError with the reason: empty, not an image, too large (found before decoding), truncated, a crop that
    is not inside the picture.
    """
    if not data:
        raise ImageError("empty file (0 bytes)")
    if len(data) > max_megabytes * 1e6:
        raise ImageError(
            f"too large: the file has {len(data) / 1e6:.0f} MB, the limit is {max_megabytes:g} (--max-megabytes)"
        )
    if crop is not None and not crop.is_whole:
        (seen,) = open_crops(data, rules, [crop], max_megapixels)
        return seen
    known = _known(data)
    asked = Asked(rules, max_megapixels, edge, reduce_to, None if crop is None else crop.page)
    return read_by_pillow(data, known, asked) if known.plain else read_apart(data, known, asked)


def open_crops(data: bytes, rules: Rules, crops: Sequence[Crop], max_megapixels: float = MAX_MEGAPIXELS) -> list[Seen]:
    """Each of ``crops``, all of one page, as ``open_picture`` gives it; the file is decoded once. Raises ImageError."""
    known = _known(data)
    asked = Asked(rules, max_megapixels, page=crops[0].page)
    if known.plain:
        return cut(read_by_pillow(data, known, asked), crops)
    return read_crops_apart(data, known, asked, crops)


def _known(data: bytes) -> Format:
    known = format_of(data)
    if known is None:
        raise ImageError(f"not an image, or of a format other than {', '.join(BY_NAME)}")
    return known


def cut(seen: Seen, crops: Sequence[Crop]) -> list[Seen]:
    """``crops`` of a whole picture. Raises ImageError where one is not inside it."""
    parts = (seen.picture.crop(crop.box(*seen.picture.size)) for crop in crops)
    return [replace(seen, picture=part, width=part.width, height=part.height) for part in parts]


def read_by_pillow(data: bytes, known: Format, asked: Asked) -> Seen:
    """What Pillow reads of a file of the format ``known``, in this process. Raises ImageError with the reason."""
    with opened(io.BytesIO(data), asked.max_megapixels, known.pillow) as picture:
        return _seen(picture, data, asked)


def open_reduced(
    data: bytes,
    background: tuple[int, int, int],
    max_megapixels: float,
    max_megabytes: float,
    edge: int | None,
    *,
    crop: Crop | None = None,
) -> tuple[Image.Image, tuple[int, int]]:
    """``open_picture`` by the default rules, both sides keeping ``edge`` pixels: RGB, and the whole width and height."""
    rules = Rules(background)
    seen = open_picture(data, rules, max_megapixels, max_megabytes, reduce_to=edge, crop=crop)
    return seen.picture, (seen.width, seen.height)


def _seen(
    picture: Image.Image,
    data: bytes,
    asked: Asked,
) -> Seen:
    rules, chosen = asked.rules, choose(picture, asked)
    check_size(picture, asked.max_megapixels)
    met = chosen.met | turned_before(picture)
    curves = png_curves(picture, data)
    values = deep(picture, data, curves)
    if values is not None:
        return render(
            replace(values, met=values.met | met, facts=(*chosen.facts, *values.facts), full_size=chosen.full), rules
        )
    full, least = chosen.full or picture.size, least_edge(*picture.size, asked.edge, asked.reduce_to)
    by_bands = None if least is None else _by_bands(picture, data, least, rules)
    if by_bands is not None:
        decoded, whole = picture, by_bands
    else:
        decoded = picture if least is None else _reduced(picture, data, least)
        decoded.load()
        whole = flat(decoded, data, rules.background, curves)
    shown, facts = whole.picture, [*chosen.facts, *whole.facts]
    if whole.through is not None:
        facts.append(transparent_fact(whole.through))
    if shown.width < full[0]:
        met |= {_SIZES.get(picture.format or "", "size")}
    orientation = orientation_of(decoded)
    if orientation != 1:
        met |= {"orientation"}
        facts.append(f"orientation: {orientation}")
        shown = upright(shown, orientation)
        full = full if orientation not in SWAPPED else (full[1], full[0])
    return Seen(shown, *full, versions_of(met | whole.met), tuple(facts))


def _by_bands(picture: Image.Image, data: bytes, edge: int, rules: Rules) -> Flat | None:
    """``flat`` of a large PNG, reduced by a whole number so that both sides keep ``edge`` pixels; None for others."""
    factor = min(picture.size) // edge
    if picture.format != "PNG" or factor < 2 or picture.width * picture.height < LARGE:
        return None
    rows = PngRows.read(data)
    if rows is None:
        return None
    size = -(-picture.width // factor), -(-picture.height // factor)
    whole, top = Image.new("RGB", size), 0
    met, facts, through = frozenset[str](), tuple[str, ...](), list[float | None]()
    for band in rows.bands(rows.rows_for(factor)):
        with band:
            band.load()
            found = flat(band, data, rules.background, png_curves(band, data))
            # A share of the whole picture.
            through.append(found.through and found.through * band.height / picture.height)
        reduced = found.picture.reduce(factor)
        whole.paste(reduced, (0, top))
        met, facts = met | found.met, found.facts
        top += reduced.height
    picture.info.update(info_behind(data))
    shares = [share for share in through if share is not None]
    return Flat(whole, met, facts, sum(shares) if shares else None)


def _reduced(picture: Image.Image, data: bytes, edge: int) -> Image.Image:
    """``picture``, opened but not decoded, set to be decoded at a fraction of its size."""
    if picture.format in _REDUCIBLE:
        picture.draft(picture.mode, (edge, edge))
    elif isinstance(picture, Jpeg2KImageFile) and picture.width * picture.height >= LARGE:
        picture.reduce = min(levels(data), (min(picture.size) // edge).bit_length() - 1)
    return picture
