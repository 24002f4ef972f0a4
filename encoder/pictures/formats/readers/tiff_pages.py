"""Which page of a TIFF is the picture, and which of its reduced copies is enough."""

from __future__ import annotations

from collections.abc import Iterator

import tifffile
from tifffile import TiffPage

from ...errors import ImageError
from ..asked import Asked

_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_SHAPE = 0.02  # by which the sides' ratio of a copy may differ


def whole_pages(file: tifffile.TiffFile) -> list[int]:
    """The numbers, from 1, of the pages that are neither reduced copies nor masks."""
    return [place + 1 for place, page in enumerate(_pages(file)) if not int(page.subfiletype or 0) & (_REDUCED | _MASK)]


def chosen_page(file: tifffile.TiffFile, asked: Asked) -> tuple[TiffPage, list[str]]:
    """The page that is asked for, else the first that is neither a reduced copy nor a mask; and what to say of that."""
    number = len(file.pages)
    if asked.page is not None:
        place = asked.index(number, "page")
        page = file.pages[place]
        return page if isinstance(page, TiffPage) else page.aspage(), [f"page {place + 1} of {number}"]
    for place, page in enumerate(_pages(file)):
        if not int(page.subfiletype or 0) & (_REDUCED | _MASK):
            return page, [f"page {place + 1} of {number}"] if number > 1 else []
    if not number:
        raise ImageError("a TIFF without a page")
    page = max(_pages(file), key=lambda page: page.imagewidth * page.imagelength)
    return page, [f"the largest of {number} pages, all of them reduced copies"] if number > 1 else []


def reduced_level(file: tifffile.TiffFile, page: TiffPage, least: int | None) -> TiffPage | None:
    """The smallest copy of ``page`` both of whose sides keep ``least`` pixels; None where it is the page itself."""
    if least is None:
        return None
    found = [copy for copy in _copies(file, page) if min(copy.imagewidth, copy.imagelength) >= least]
    return min(found, key=lambda copy: copy.imagewidth) if found else None


def _copies(file: tifffile.TiffFile, page: TiffPage) -> Iterator[TiffPage]:
    """Pages that are marked as reduced, in its SubIFDs or after it, and have its shape and kind of values."""
    inside = [] if page.subifds is None else [copy for copy in page.pages or () if isinstance(copy, TiffPage)]
    beside = [copy for copy in _pages(file) if copy.index > page.index and int(copy.subfiletype or 0) & _REDUCED]
    for copy in (*inside, *beside):
        if copy.imagewidth >= page.imagewidth or int(copy.subfiletype or 0) & _MASK:
            continue
        ratio = copy.imagewidth * page.imagelength / max(1, copy.imagelength * page.imagewidth)
        alike = copy.samplesperpixel == page.samplesperpixel and copy.dtype == page.dtype
        if alike and copy.photometric == page.photometric and abs(ratio - 1) <= _SHAPE:
            yield copy


def _pages(file: tifffile.TiffFile) -> Iterator[TiffPage]:
    for page in file.pages:
        yield page if isinstance(page, TiffPage) else page.aspage()
