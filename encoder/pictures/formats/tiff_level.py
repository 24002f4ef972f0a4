"""Of a TIFF with overviews no more than the one that is read, with the tags of all: a worker is not sent the rest."""

from __future__ import annotations

import struct

from ..size import least_edge
from .tiff_folder import Header, Tag

_WIDTH, _LENGTH, _BITS, _PHOTOMETRIC, _SAMPLES, _SUBFILE, _OLD_SUBFILE = 256, 257, 258, 262, 277, 254, 255
_PLACES = {273: 279, 324: 325}
_POINTERS = (330, 34665, 34853, 40965)
_MOST, _REDUCED, _SHAPE = 64, 1, 0.01
_ALIKE = (_BITS, _PHOTOMETRIC, _SAMPLES)


def with_one_level(data: bytes, edge: int | None, reduce_to: int | None) -> bytes:
    """``data``, or where its first page is followed by reduced copies of it alone, its folders of tags with the pixels of that copy
    alone that is read for ``edge`` and ``reduce_to`` (``size.least_edge``)."""
    header = Header.of(data)
    try:
        pages = _pages(data, header)
        place = _level(pages, header.order, edge, reduce_to)
        return data if place is None else _written(data, pages, place, header)
    except (struct.error, KeyError, IndexError, ZeroDivisionError):
        return data


def _pages(data: bytes, header: Header) -> list[dict[int, Tag]]:
    """Empty where there are too many."""
    place = header.place_at(data, header.mark)
    pages = list[dict[int, Tag]]()
    while place:
        if len(pages) == _MOST:
            return []
        tags, link = header.read(data, place)
        pages.append(tags)
        place = header.place_at(data, link)
    return pages


def _level(pages: list[dict[int, Tag]], order: str, edge: int | None, reduce_to: int | None) -> int | None:
    """Which page is read; None where that is not plain."""

    def number(page: dict[int, Tag], tag: int) -> int:
        return page[tag].numbers(order)[0] if tag in page else 0

    def values(page: dict[int, Tag]) -> list[tuple[int, ...]]:
        return [page[tag].numbers(order) if tag in page else () for tag in _ALIKE]

    if len(pages) < 2 or number(pages[0], _SUBFILE) or number(pages[0], _OLD_SUBFILE) == 2:
        return None
    width, height = number(pages[0], _WIDTH), number(pages[0], _LENGTH)
    least = least_edge(width, height, edge, reduce_to)
    found: list[tuple[int, int]] = []
    for place, page in enumerate(pages):
        own = number(page, _WIDTH), number(page, _LENGTH)
        if 330 in page or (place and (number(page, _SUBFILE) != _REDUCED or values(page) != values(pages[0]))):
            return None
        if place and own[0] < width and own[1] < height and least is not None and min(own) >= least:
            if abs(own[0] * height - own[1] * width) > _SHAPE * width * height:
                return None
            found.append((own[0] * own[1], place))
    return min(found)[1] if found else None


def _written(data: bytes, pages: list[dict[int, Tag]], level: int, header: Header) -> bytes:
    order, out = header.order, bytearray(data[: header.mark])
    link = len(out)
    out += header.place(0)
    for place, page in enumerate(pages):
        tags = {number: tag for number, tag in page.items() if number not in _POINTERS}
        for name, sizes in _PLACES.items():
            if name in tags:
                places = [0] * tags[name].count
                counts = tags[sizes].numbers(order) if place == level else (0,) * tags[name].count
                for one, (start, size) in enumerate(zip(tags[name].numbers(order), counts, strict=True)):
                    if start + size > len(data):
                        raise IndexError  # cut off, as its reader says
                    if size:
                        places[one] = len(out)
                        out += data[start : start + size]
                tags[name], tags[sizes] = header.tag(places), header.tag(counts)
        out += bytes(len(out) % 2)
        own = header.place(len(out))
        out[link : link + len(own)] = own
        written, link = header.written(tags, len(out))
        out += written
    return bytes(out)
