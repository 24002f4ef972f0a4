"""What a file holds, by its header where that says it: how many pages, frames or slices, and the picture's width and height."""

from __future__ import annotations

import importlib
import io
from dataclasses import dataclass

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ..errors import ImageError
from ..header import opened
from ..parts import Part, Parting, numbered
from ..pillow.pages import choose, whole_pages
from ..pillow.png_rows import info_behind
from ..pixels.orientation import SWAPPED, orientation_of
from ..rules import Rules
from .apart import ask_apart
from .asked import Asked
from .registry import Format, has_tifffile
from .sniffing import format_of

#: A header is small, however many pixels it speaks of; whether they are too many is said where they are decoded.
_ANY = 1e9


@dataclass(frozen=True)
class Outline:
    """``numbers``: of its pages, frames or slices, from 1; (1,) where not asked for. Width and height of the picture, upright; 0
    where not asked for."""

    numbers: tuple[int, ...] = (1,)
    width: int = 0
    height: int = 0


def parts_of(data: bytes, parting: Parting) -> tuple[Part, ...]:
    """What becomes of a file by ``parting``; none where it stays one picture. Raises ImageError where it cannot be read, or would
    be too many."""
    known = format_of(data)
    if known is None:
        raise ImageError("not an image")
    several = known.several if known.several in parting.every else None
    if several is None and parting.tiles is None:
        return ()
    wanted = {"counted": several is not None, "sized": parting.tiles is not None}
    asked = Asked(Rules(), _ANY)
    if known.plain:
        found = outline_here(data, known, asked, **wanted)
    else:
        words = ask_apart(data, known, {**asked.words(), "outline": wanted}).words
        found = Outline(tuple(words["numbers"]), words["width"], words["height"])
    if several is not None and len(found.numbers) > 1:
        return numbered(several, found.numbers)
    return parting.tiles_of(found.width, found.height)


def outline_here(data: bytes, known: Format, asked: Asked, *, counted: bool, sized: bool) -> Outline:
    """The outline of a file of the format ``known``, in this process; ``counted``: with its numbers, ``sized``: with width and
    height, unless it has several numbers: some formats are unpacked for each."""
    numbers = _numbers(data, known) if counted else (1,)
    if not sized or len(numbers) > 1:
        return Outline(numbers)
    if known.reader is not None or (known.name == "TIFF" and has_tifffile()):
        return Outline(numbers, *_size_by_reader(data, known, asked))
    with opened(io.BytesIO(data), _ANY, known.pillow) as picture:
        chosen = choose(picture, asked)
        width, height = chosen.full or picture.size
        if picture.format == "PNG":
            picture.info.update(info_behind(data))
        return Outline(numbers, *((height, width) if _turned(picture) else (width, height)))


def _turned(picture: Image.Image) -> bool:
    return orientation_of(picture) in SWAPPED


def _numbers(data: bytes, known: Format) -> tuple[int, ...]:
    if known.name == "TIFF" and not has_tifffile():
        with opened(io.BytesIO(data), _ANY, known.pillow) as picture:
            return tuple(whole_pages(picture)) if isinstance(picture, TiffImageFile) else (1,)
    reader = importlib.import_module(f".readers.{known.reader or 'tiff'}", __package__)
    return tuple(reader.pages(data))


def _size_by_reader(data: bytes, known: Format, asked: Asked) -> tuple[int, int]:
    """By the reader's own ``size`` where it has one that decodes nothing, else by reading all of it."""
    reader = importlib.import_module(f".readers.{known.reader or 'tiff'}", __package__)
    if hasattr(reader, "size"):
        width, height = reader.size(data)
        return int(width), int(height)
    from .task import read_here

    seen = read_here(data, known, asked)[0]
    return seen.width, seen.height
