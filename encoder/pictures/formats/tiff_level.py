"""Of a TIFF with overviews no more than the one that is read, with the tags of all: a worker is not sent the rest."""

from __future__ import annotations

import struct

from ..size import least_edge
from .tiff_windows import Tag, folder

_WIDTH, _LENGTH, _BITS, _PHOTOMETRIC, _SAMPLES, _SUBFILE, _OLD_SUBFILE = 256, 257, 258, 262, 277, 254, 255
_PLACES = {273: 279, 324: 325}
_POINTERS = (330, 34665, 34853, 40965)
_MOST, _REDUCED, _SHAPE = 64, 1, 0.01
_ALIKE = (_BITS, _PHOTOMETRIC, _SAMPLES)


def with_one_level(data: bytes, edge: int | None, reduce_to: int | None) -> bytes:
    """``data``, or where its first page is followed by reduced copies of it alone, its folders of tags with the pixels of that copy
    alone that is read for ``edge`` and ``reduce_to`` (``size.least_edge``)."""
    order, big = "<" if data[:1] == b"I" else ">", data[2:4] in (b"+\0", b"\0+")
    try:
        pages = _pages(data, order, big)
        place = _level(pages, order, edge, reduce_to)
        return data if place is None else _written(data, pages, place, order, big)
    except (struct.error, KeyError, IndexError, ZeroDivisionError):
        return data


def _pages(data: bytes, order: str, big: bool) -> list[dict[int, Tag]]:
    """Empty where there are too many."""
    counter, many = ("Q", "Q") if big else ("I", "H")
    place = struct.unpack_from(order + counter, data, 8 if big else 4)[0]
    pages = list[dict[int, Tag]]()
    while place:
        if len(pages) == _MOST:
            return []
        pages.append(folder(data, order, big, place))
        count = struct.unpack_from(order + many, data, place)[0]
        place += struct.calcsize(f"={many}") + count * (20 if big else 12)
        place = struct.unpack_from(order + counter, data, place)[0]
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


def _written(data: bytes, pages: list[dict[int, Tag]], level: int, order: str, big: bool) -> bytes:
    counter, many, step, inline = ("Q", "Q", 20, 8) if big else ("I", "H", 12, 4)
    out = bytearray(data[:8] if big else data[:4])
    link = len(out)
    out += bytes(struct.calcsize(f"={counter}"))
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
                tags[name], tags[sizes] = _whole(places, order, big), _whole(counts, order, big)
        out += bytes(len(out) % 2)
        at = len(out)
        struct.pack_into(order + counter, out, link, at)
        beyond = at + struct.calcsize(f"={many}") + step * len(tags) + struct.calcsize(f"={counter}")
        entries, outside = bytearray(), bytearray()
        for number, tag in sorted(tags.items()):
            value = tag.raw
            if len(value) > inline:
                value = struct.pack(order + counter, beyond + len(outside))
                outside += tag.raw + bytes(len(tag.raw) % 2)
            entries += struct.pack(f"{order}HH{counter}", number, tag.kind, tag.count) + value.ljust(inline, b"\0")
        out += struct.pack(order + many, len(tags)) + entries
        link = len(out)
        out += bytes(struct.calcsize(f"={counter}")) + outside
    return bytes(out)


def _whole(numbers: list[int] | tuple[int, ...], order: str, big: bool) -> Tag:
    return Tag(16 if big else 4, len(numbers), struct.pack(f"{order}{len(numbers)}{'Q' if big else 'I'}", *numbers))
