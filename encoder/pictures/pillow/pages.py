"""Which page or frame of a file is the picture.

Pages that are reduced copies or masks of others are left out. Of the rest the first that shows more than one colour is
taken, else the first: a scan may begin with a blank page, an animation with a blank frame. A large picture that has reduced
copies is read from the smallest that is large enough. Of a camera's raw file Pillow sees previews alone; it is refused.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from ..errors import ImageError
from ..formats.asked import Asked
from ..size import least_edge

MOST = 64  # pages, or frames, that are looked at
_FRAMES = ("GIF", "WEBP", "PNG", "AVIF")
_SUBFILE, _OLD_SUBFILE, _PHOTOMETRIC, _SUB_IFDS, _DNG_VERSION = 254, 255, 262, 330, 50706
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2
_SENSOR = (32803, 34892)  # colour filter array, linear raw
#: A flat page has no colour further apart than this, of 255: a compressed one is never quite flat.
_FLAT = 8
_RATIO = 0.02  # by how much a reduced copy's ratio of sides may differ


@dataclass(frozen=True)
class Page:
    """``number``: to be sought; of a picture inside another page's tag its ``offset`` in the file. Size in pixels, as stored."""

    number: int
    width: int
    height: int
    reduced: bool
    mask: bool
    offset: int | None = None


@dataclass(frozen=True)
class Chosen:
    """``full``: width and height of the whole picture, where a reduced copy was taken. met, facts: as in ``rendering.Seen``."""

    full: tuple[int, int] | None = None
    met: frozenset[str] = frozenset()
    facts: tuple[str, ...] = ()


def choose(picture: Image.Image, asked: Asked) -> Chosen:
    """Turn ``picture``, opened, to the page that is read.

    Raises ImageError for a camera's raw file, and for a file of whose pages none can be read.
    """
    if asked.page is not None:
        count = int(getattr(picture, "n_frames", 1))
        if count == 1 and asked.page == 1:
            return Chosen()
        picture.seek(asked.index(count, "page"))
        return Chosen(None, frozenset({"pages"}), (f"page: {asked.page} of {count}",))
    if isinstance(picture, TiffImageFile):
        return _choose_page(picture, asked.edge, asked.reduce_to)
    if picture.format in _FRAMES and getattr(picture, "is_animated", False):
        return _first_shown(picture, list(range(min(MOST, int(getattr(picture, "n_frames", 1))))), "frame")
    return Chosen()


def whole_pages(picture: TiffImageFile) -> list[int]:
    """The numbers, from 1, of the pages that are neither reduced copies nor masks."""
    found = []
    for number in range(int(getattr(picture, "n_frames", 1))):
        picture.seek(number)
        page = _page(picture.tag_v2, number, picture.width, picture.height)
        found += [] if page.reduced or page.mask else [number + 1]
    return found


def _choose_page(picture: TiffImageFile, edge: int | None, reduce_to: int | None) -> Chosen:
    pages, count, sensor = _pages(picture)
    if sensor or (_DNG_VERSION in picture.tag_v2 and all(page.reduced for page in pages)):
        raise ImageError(
            "a camera's raw file, of which only a preview is read without: pip install 'clipseek[formats]'"
        )
    if len(pages) == 1 and pages[0].number == 0 and pages[0].offset is None:
        return Chosen()
    whole = [page for page in pages if not page.reduced and not page.mask]
    if not whole:
        whole = sorted(pages, key=lambda page: -page.width * page.height)[:1]
    if not whole:
        raise ImageError("none of its pages can be read")
    first = whole[0]
    if first.offset is not None:
        _turn_to(picture, first)
        return Chosen(None, frozenset({"pages"}), ("page: the picture inside the first page",))
    least = least_edge(first.width, first.height, edge, reduce_to)
    copies = [page for page in pages if page.reduced and not page.mask and least and _is_copy(page, first, least)]
    if copies:
        copy = min(copies, key=lambda page: page.width * page.height)
        _turn_to(picture, copy)
        fact = f"page: {copy.number + 1} of {count}, a reduced copy of {first.width} x {first.height}"
        return Chosen((first.width, first.height), frozenset({"pages", "size"}), (fact,))
    return _first_shown(picture, [page.number for page in whole if page.offset is None], "page", count)


def _pages(picture: TiffImageFile) -> tuple[list[Page], int, bool]:
    """Every page that Pillow can read, their number in all, and whether one holds a sensor's own values."""
    pages, inside, sensor, number = list[Page](), list[Page](), _is_cr2(picture), 0
    while number < MOST:
        try:
            picture.seek(number)
        except EOFError:
            break
        except Exception:  # a page of a kind that Pillow does not read, or broken tags: the next may be well
            number += 1
            continue
        tags = picture.tag_v2
        sensor |= tags.get(_PHOTOMETRIC) in _SENSOR
        pages.append(_page(tags, number, picture.width, picture.height))
        for offset in _offsets(tags.get(_SUB_IFDS)):
            with contextlib.suppress(Exception):
                found = _tags_at(picture, offset)
                sensor |= found.get(_PHOTOMETRIC) in _SENSOR
                inside.append(_page(found, number, int(found.get(256, 0)), int(found.get(257, 0)), offset))
        number += 1
    with contextlib.suppress(Exception):
        picture.seek(pages[0].number if pages else 0)
    return [*pages, *inside], max(number, len(pages)), sensor


def _page(tags: Any, number: int, width: int, height: int, offset: int | None = None) -> Page:
    subfile = tags.get(_SUBFILE, 0)
    kind = subfile if isinstance(subfile, int) else 0
    reduced = bool(kind & _REDUCED) or tags.get(_OLD_SUBFILE) == _OLD_REDUCED
    return Page(number, width, height, reduced, bool(kind & _MASK), offset)


def _offsets(found: Any) -> tuple[int, ...]:
    offsets = (found,) if isinstance(found, int) else tuple(found or ())
    return tuple(offset for offset in offsets[:MOST] if isinstance(offset, int))


def _tags_at(picture: TiffImageFile, offset: int) -> ImageFileDirectory_v2:
    stream: Any = picture.fp
    here = stream.tell()
    tags = ImageFileDirectory_v2(prefix=picture.tag_v2.prefix)
    tags._bigtiff = picture.tag_v2._bigtiff
    stream.seek(offset)
    tags.load(stream)
    stream.seek(here)
    return tags


def _turn_to(picture: TiffImageFile, page: Page) -> None:
    if page.offset is None:
        picture.seek(page.number)
        return
    # As Pillow's own get_child_images does.
    picture._frame_pos = [page.offset]
    picture._seek(0)


def _is_copy(page: Page, of: Page, edge: int) -> bool:
    smaller = page.width < of.width and page.height < of.height and min(page.width, page.height) >= edge
    return smaller and abs(page.width * of.height - page.height * of.width) <= _RATIO * page.width * of.height


def _is_cr2(picture: TiffImageFile) -> bool:
    stream: Any = picture.fp
    here = stream.tell()
    stream.seek(8)
    found: bytes = stream.read(2)
    stream.seek(here)
    return found == b"CR"


def _first_shown(picture: Image.Image, numbers: list[int], what: str, count: int | None = None) -> Chosen:
    """Turn to the first of ``numbers`` that shows more than one colour, else to the first."""
    if len(numbers) < 2:
        if numbers and numbers[0]:
            picture.seek(numbers[0])
            return Chosen(None, frozenset({"pages"}), (f"{what}: {numbers[0] + 1} of {count}",))
        return Chosen()
    chosen = numbers[0]
    for number in numbers:
        try:
            picture.seek(number)
            shows = not _is_flat(picture)
        except Exception:  # a later one may be cut off; the first then says why, or is well
            break
        if shows:
            chosen = number
            break
    if isinstance(picture, TiffImageFile):
        picture._seek(chosen)  # to be unpacked again, perhaps in another way
        of_the_page_before: Any = picture  # with that page's size
        setattr(of_the_page_before, "_im" if hasattr(picture, "_im") else "im", None)
    elif picture.tell() != chosen:
        picture.seek(chosen)
        if picture.palette is not None:
            picture.palette.dirty = 1  # Pillow has put it into the frame before, and unpacks this one without
    return Chosen(
        None, frozenset({"pages"}), (f"{what}: {chosen + 1} of {count or getattr(picture, 'n_frames', '?')}",)
    )


def _is_flat(picture: Image.Image) -> bool:
    values = np.asarray(picture.convert("RGBA") if picture.mode == "P" else picture)
    if values.dtype.kind == "f" or values.dtype.itemsize > 1:
        return bool(values.min() == values.max())
    if values.dtype == np.bool_:
        return bool(values.min() == values.max())
    bands = np.atleast_3d(values).reshape(-1, np.atleast_3d(values).shape[2])
    if picture.mode in ("RGBA", "P", "LA", "PA") and not bands[:, -1].any():
        return True
    return bool((bands.max(0).astype(np.int16) - bands.min(0) <= _FLAT).all())
