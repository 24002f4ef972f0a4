"""What the tags of a TIFF say before anything is decoded: whether it is a camera's RAW file, whether Pillow reads it right."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..size import is_large
from .tiff_folder import SIZES, Header

_CFA, _LINEAR_RAW = 32803, 34892
_PHOTOMETRIC, _SUB_IFDS, _COMPRESSION = 262, 330, 259
_SUBFILE, _WIDTH, _HEIGHT = 254, 256, 257
_BITS, _SAMPLES, _PLANES, _EXTRA = 258, 277, 284, 338
#: MaxSampleValue, SMinSampleValue and SMaxSampleValue.
_ENDS = (281, 340, 341)
#: Compressions of Nikon, Sony, Pentax, Samsung, Kodak and Epson, which stand for a sensor's values.
_CAMERAS = {34713, 32767, 65535, 32769, 32770, 65000, 32867}
_MOST = 64  # folders of tags looked at


def is_raw(data: bytes) -> bool:
    """Whether a page holds a sensor's values: a colour filter array, linear raw, or a camera's own compression."""
    if data[8:10] == b"CR":
        return True  # Canon's CR2
    try:
        return any(
            tags.get(_PHOTOMETRIC, (0,))[0] in (_CFA, _LINEAR_RAW)
            or (_PHOTOMETRIC not in tags and tags.get(_COMPRESSION, (0,))[0] in _CAMERAS)
            for tags in _folders(data)
        )
    except (struct.error, IndexError, KeyError):
        return False


def size_with_copies(data: bytes) -> tuple[int, int] | None:
    """Width and height of the largest page, where another is marked as a reduced copy; None where none is."""
    try:
        pages = list(_folders(data))
    except (struct.error, IndexError, KeyError):
        return None
    if not any(tags.get(_SUBFILE, (0,))[0] & 1 for tags in pages):
        return None
    sizes = [(tags[_WIDTH][0], tags[_HEIGHT][0]) for tags in pages if _WIDTH in tags and _HEIGHT in tags]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def beyond_pillow(data: bytes) -> str | None:
    """What the first page has that Pillow reads wrongly and says nothing: planes of more than 8 bits, greys of many bands."""
    try:
        tags = next(_folders(data), {})
    except (struct.error, IndexError, KeyError):
        return None
    samples, extra = tags.get(_SAMPLES, (1,))[0], tags.get(_EXTRA, ())
    if tags.get(_PLANES) == (2,) and samples > 1 and tags.get(_BITS, (1,))[0] != 8:
        return "several planes of other than 8 bits"
    if tags.get(_PHOTOMETRIC, (1,))[0] in (0, 1) and samples - any(number in (1, 2) for number in extra) > 1:
        return f"{samples} bands"
    return None


def is_large_and_deep(data: bytes) -> bool:
    """Whether its one page has more than 8 bits and is large: tifffile unpacks such values once, Pillow twice. Not where it says
    which values are its least and greatest: of these the two understand different ones, and a small page is read by Pillow."""
    header = Header.of(data)
    try:
        pages = list(_folders(data))
        first, _ = header.read(data, header.place_at(data, header.mark))
    except (struct.error, IndexError, KeyError):
        return False
    tags = pages[0] if len(pages) == 1 else {}
    large = is_large(tags.get(_WIDTH, (0,))[0], tags.get(_HEIGHT, (0,))[0])
    return large and max(tags.get(_BITS, (1,))) > 8 and first.keys().isdisjoint(_ENDS)


def _folders(data: bytes) -> Iterator[dict[int, tuple[int, ...]]]:
    """The whole numbers of each IFD, of SubIFDs as well; broken ones end it."""
    header = Header.of(data)
    waiting, seen = [header.place_at(data, header.mark)], set[int]()
    while waiting and len(seen) < _MOST:
        place = waiting.pop(0)
        if not place or place in seen or place >= len(data):
            continue
        seen.add(place)
        tags, following = _folder(data, header.order, header.big, place)
        waiting += [*tags.get(_SUB_IFDS, ()), following]
        yield tags


def _folder(data: bytes, order: str, big: bool, place: int) -> tuple[dict[int, tuple[int, ...]], int]:
    number = struct.unpack_from(order + ("Q" if big else "H"), data, place)[0]
    place += 8 if big else 2
    step, inline, counter = (20, 8, "Q") if big else (12, 4, "I")
    tags: dict[int, tuple[int, ...]] = {}
    for entry in range(place, place + min(number, 4096) * step, step):
        tag, kind, count = struct.unpack_from(f"{order}HH{counter}", data, entry)
        letter = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(kind)
        if letter is None or not 0 < count <= _MOST:
            continue
        at = entry + step - inline
        if count * SIZES[kind] > inline:
            at = struct.unpack_from(order + counter, data, at)[0]
        tags[tag] = struct.unpack_from(f"{order}{count}{letter}", data, at)
    following = struct.unpack_from(order + ("Q" if big else "I"), data, place + number * step)[0]
    return tags, following
