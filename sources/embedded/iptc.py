"""IPTC-IIM: what press photographers and photo managers write of a picture. https://iptc.org/standards/iim/"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from .exif import iso_date
from .found import Embedded, distinct

_TITLE, _KEYWORD, _DAY, _TIME, _CITY, _COUNTRY, _HEADLINE, _CAPTION = 5, 25, 55, 60, 90, 101, 105, 120
_UTF8 = b"\x1b%G"
_RESOURCE = 1028


def from_photoshop(data: bytes) -> bytes:
    """The IPTC among Photoshop's image resources ``data``; nothing where there is none."""
    position, found = 0, b""
    while data[position : position + 4] == b"8BIM" and position + 12 <= len(data):
        kind = int.from_bytes(data[position + 4 : position + 6], "big")
        name = data[position + 6] + 1
        start = position + 6 + name + name % 2
        size = int.from_bytes(data[start : start + 4], "big")
        if kind == _RESOURCE:
            found += data[start + 4 : start + 4 + size]
        position = start + 4 + size + size % 2
    return found


def read_iptc(data: bytes) -> Embedded:
    """What the datasets ``data`` say. Never raises: what is broken is left out."""
    values: dict[int, list[bytes]] = defaultdict(list)
    utf8 = False
    for record, number, value in _datasets(data):
        if record == 1 and number == 90:
            utf8 = value == _UTF8
        elif record == 2:
            values[number].append(value)

    def texts(number: int) -> list[str]:
        return [_decoded(value, utf8) for value in values[number]]

    day = re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", "".join(texts(_DAY)[:1]))
    clock = re.match(r"(\d\d)(\d\d)(\d\d)(?:([+-]\d\d)(\d\d))?", "".join(texts(_TIME)[:1]))
    time = f"T{clock[1]}:{clock[2]}:{clock[3]}" if clock else ""
    zone = f"{clock[4]}:{clock[5]}" if clock and clock[4] else ""
    return Embedded(
        texts=distinct(texts(_CAPTION) + texts(_HEADLINE) + texts(_TITLE)),
        keywords=distinct(texts(_KEYWORD)),
        taken=iso_date(day + time, zone),
        city=next(iter(distinct(texts(_CITY))), None),
        country=next(iter(distinct(texts(_COUNTRY))), None),
    )


def _datasets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    position = 0
    while position + 5 <= len(data) and data[position] == 0x1C:
        record, number = data[position + 1], data[position + 2]
        size = int.from_bytes(data[position + 3 : position + 5], "big")
        position += 5
        if size & 0x8000:  # a longer one, whose size has a size of its own
            width = size & 0x7FFF
            size = int.from_bytes(data[position : position + width], "big")
            position += width
        yield record, number, data[position : position + size]
        position += size


def _decoded(value: bytes, utf8: bool) -> str:
    """Programs that write UTF-8 and do not say so are many; what is no UTF-8 is cp1252, or the characters that were not said."""
    try:
        return value.decode("utf-8").strip("\0 \r\n")
    except UnicodeDecodeError:
        return value.decode("utf-8" if utf8 else "cp1252", "replace").strip("\0 \r\n")
