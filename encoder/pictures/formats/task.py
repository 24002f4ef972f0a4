"""What a worker does with a file: read it as its format says, and make of it the pixels that a viewer shows."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from numpy.typing import NDArray

from ..crop import Crop
from ..errors import ImageError
from ..pixels.bands import Bands, Whole
from ..pixels.decoded import Decoded
from ..pixels.rendering import Seen, render
from ..size import is_large, least_edge
from .asked import Asked
from .registry import INSTALL, Format, has_tifffile
from .sniffing import format_of
from .tiff_folder import Header
from .tiff_header import beyond_pillow, is_large_and_deep, size_with_copies

#: The worker's task, as ``worker.pool`` takes it.
TASK = f"{__name__}:work"


def work(data: bytes, words: Mapping[str, Any]) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """``words``: an ``Asked``. The words of the answer are the fields of ``Seen``, its array the pixels, (H, W, 3) uint8.

    With ``crops``, what ``Crop`` has of each, the arrays are theirs; with ``outline`` the words are those of an ``Outline``.
    """
    known = format_of(data)
    if known is None:
        raise ImageError("not an image")
    asked = Asked.of(words)
    if "outline" in words:
        from .outline import outline_here

        return asdict(outline_here(data, known, asked, **words["outline"])), []
    crops = [Crop(**crop) for crop in words.get("crops", ())]
    found = read_here(data, known, asked, crops)
    facts = {"width": found[0].width, "height": found[0].height, "met": found[0].met, "facts": found[0].facts}
    found.reverse()
    return facts, [found.pop().pixels for _ in range(len(found))]  # each goes as soon as its pixels are copied


def read_here(data: bytes, known: Format, asked: Asked, crops: Sequence[Crop] = ()) -> list[Seen]:
    """The picture of a file of the format ``known``, or each of ``crops`` of it, decoded in this process. Raises ImageError."""
    if known.reader is not None:
        return _by(known.reader, data, asked, crops)
    from ..pillow.reading import read_by_pillow  # a search of words needs no decoder

    if known.name != "TIFF":
        return read_by_pillow(data, known, asked, crops)
    beyond = beyond_pillow(data)
    # Pillow finds no copies in the SubIFDs of a BigTIFF.
    size = size_with_copies(data) if Header.of(data).big else None
    copies = size is not None and least_edge(*size, asked.edge, asked.reduce_to) is not None
    better = beyond or copies or asked.rules.bands or asked.page is not None or is_large_and_deep(data)
    if better and has_tifffile():
        return _by("tiff", data, asked, crops)
    if beyond:
        raise ImageError(f"a TIFF of {beyond} is read after: {INSTALL}")
    try:
        return read_by_pillow(data, known, asked, crops)
    except ImageError as problem:
        if not has_tifffile():
            raise ImageError(f"{problem}; more kinds of TIFF are read after: {INSTALL}") from None
    return _by("tiff", data, asked, crops)


def _by(reader: str, data: bytes, asked: Asked, crops: Sequence[Crop]) -> list[Seen]:
    from ..pillow.reading import banded, cut

    read = importlib.import_module(f".readers.{reader}", __package__).read(data, asked)
    bands: Bands = Whole(read) if isinstance(read, Decoded) else read
    if is_large(bands.width, bands.height):
        return banded(bands, data, asked, crops)
    whole = render(read, asked.rules)
    return cut(whole, crops) if crops else [whole]
