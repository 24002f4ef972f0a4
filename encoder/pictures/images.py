"""Opening pictures of unknown origin, for every command alike: within limits, and a reason when one cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from .crop import Crop
from .errors import ImageError
from .files import MAX_MEGABYTES
from .formats.apart import read_apart, read_crops_apart
from .formats.asked import Asked
from .formats.here import stays_here
from .formats.registry import BY_NAME, Format
from .formats.sniffing import format_of
from .header import MAX_MEGAPIXELS
from .pillow.reading import read_by_pillow
from .pixels.rendering import Seen
from .rules import Rules


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
    if stays_here(data, known, whole=edge is None and reduce_to is None):
        return read_by_pillow(data, known, asked)[0]
    return read_apart(data, known, asked)


def open_crops(data: bytes, rules: Rules, crops: Sequence[Crop], max_megapixels: float = MAX_MEGAPIXELS) -> list[Seen]:
    """Each of ``crops``, all of one page, as ``open_picture`` gives it; the file is decoded once. Raises ImageError."""
    known = _known(data)
    asked = Asked(rules, max_megapixels, page=crops[0].page)
    if stays_here(data, known, whole=True):
        return read_by_pillow(data, known, asked, crops)
    return read_crops_apart(data, known, asked, crops)


def _known(data: bytes) -> Format:
    known = format_of(data)
    if known is None:
        raise ImageError(f"not an image, or of a format other than {', '.join(BY_NAME)}")
    return known


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
