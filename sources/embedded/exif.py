"""EXIF: what the camera and Windows Explorer write of a picture. https://www.cipa.jp/e/std/std-sec.html (CIPA DC-008)"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO

from .found import Embedded, distinct
from .ifd import Tiff, Value

DESCRIPTION, MAKE, MODEL, EXIF, GPS = 0x010E, 0x010F, 0x0110, 0x8769, 0x8825
XP_TITLE, XP_COMMENT, XP_KEYWORDS, XP_SUBJECT = 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F
TAKEN, OFFSET, COMMENT = 0x9003, 0x9011, 0x9286
#: A TIFF's own tags of XMP and IPTC.
XMP, IPTC, PHOTOSHOP = 700, 33723, 34377
_FIRST = (DESCRIPTION, MAKE, MODEL, EXIF, GPS, XP_TITLE, XP_COMMENT, XP_KEYWORDS, XP_SUBJECT, XMP, IPTC, PHOTOSHOP)
_DATE = re.compile(r"(\d{4})[:\-./](\d{2})[:\-./](\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?))?")
_OFFSET = re.compile(r"[+-]\d{2}:\d{2}|Z")


def read_exif(stream: IO[bytes], start: int = 0) -> tuple[Embedded, dict[int, bytes]]:
    """What the directories of the TIFF in ``stream`` say, and its tags XMP, IPTC and PHOTOSHOP as they are. Raises ValueError where
    it is none."""
    tiff = Tiff(stream, start)
    first = tiff.tags(tiff.first, _FIRST)
    own = tiff.tags(_number(first, EXIF), (TAKEN, OFFSET, COMMENT)) if EXIF in first else {}
    gps = tiff.tags(_number(first, GPS), (1, 2, 3, 4)) if GPS in first else {}
    texts = (
        _text(first.get(DESCRIPTION)),
        _comment(own.get(COMMENT), big=tiff.big_endian),
        *(_wide(first.get(tag)) for tag in (XP_COMMENT, XP_TITLE, XP_SUBJECT)),
    )
    return (
        Embedded(
            texts=distinct(texts),
            keywords=distinct(_wide(first.get(XP_KEYWORDS)).split(";")),
            taken=iso_date(_text(own.get(TAKEN)), _text(own.get(OFFSET))),
            camera=camera(_text(first.get(MAKE)), _text(first.get(MODEL))),
            place=_place(gps),
        ),
        {tag: raw(first[tag]) for tag in (XMP, IPTC, PHOTOSHOP) if tag in first},
    )


def iso_date(text: str, offset: str = "") -> str | None:
    """``2024:05:31 10:00:00`` and its like as ISO 8601; None for what is no date, as the zeros of a camera without a clock."""
    match = _DATE.match(text.strip())
    if match is None or match[1] == "0000" or not ("01" <= match[2] <= "12" and "01" <= match[3] <= "31"):
        return None
    time = match[4] or ""
    zone = _OFFSET.match(offset.strip() or text.strip()[match.end() :].lstrip("0123456789.")) if time else None
    return f"{match[1]}-{match[2]}-{match[3]}{'T' if time else ''}{time}{zone[0] if zone else ''}"


def camera(make: str, model: str) -> str | None:
    """Make and model, the make once: many models begin with it, or with its first word."""
    make, model = " ".join(make.split()), " ".join(model.split())
    first = make.partition(" ")[0].casefold()
    return (model if first and model.casefold().startswith(first) else f"{make} {model}".strip()) or None


def decoded_text(data: bytes) -> str:
    """UTF-8, which most programs write, else cp1252, which the others do; without zero bytes."""
    data = data.split(b"\0", 1)[0]
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").strip()


def raw(value: Value | None) -> bytes:
    """A tag's bytes; IPTC is written as 4-byte numbers by some, whose bytes it is all the same."""
    if isinstance(value, bytes):
        return value
    return b"".join(int(number).to_bytes(4, "little") for number in value or () if 0 <= number < 2**32)


def _number(tags: Mapping[int, Value], tag: int) -> int:
    value = tags[tag]
    return int(value[0]) if value and not isinstance(value, bytes) else 0


def _text(value: Value | None) -> str:
    return decoded_text(value) if isinstance(value, bytes) else ""


def _wide(value: Value | None) -> str:
    """Windows Explorer's tags are UTF-16 whatever the order of the others."""
    return value.decode("utf-16-le", "replace").split("\0", 1)[0] if isinstance(value, bytes) else ""


def _comment(value: Value | None, *, big: bool) -> str:
    """UserComment: eight bytes say in which characters the rest is."""
    if not isinstance(value, bytes):
        return ""
    kind, text = value[:8].rstrip(b"\0 "), value[8:]
    if kind == b"UNICODE":
        mark = text[:2] in (b"\xff\xfe", b"\xfe\xff")
        # Of the two orders many programs take the wrong one: zeros stand in the upper halves.
        upper = sum(byte == 0 for byte in text[0::2]), sum(byte == 0 for byte in text[1::2])
        order = (
            "utf-16" if mark else "utf-16-be" if upper[0] > upper[1] or (upper[0] == upper[1] and big) else "utf-16-le"
        )
        return text.decode(order, "replace").strip("\0 ")
    if kind == b"JIS":
        return text.decode("iso2022_jp", "replace").strip("\0 ")
    return decoded_text(text.lstrip(b"\0 ")) if kind in (b"ASCII", b"") else decoded_text(value)


def _place(gps: Mapping[int, Value]) -> tuple[float, float] | None:
    degrees = []
    for reference, value, most, negative in ((1, 2, 90, b"S"), (3, 4, 180, b"W")):
        parts, sign = gps.get(value), gps.get(reference)
        if isinstance(parts, bytes) or not parts or not isinstance(sign, bytes):
            return None
        number = sum(part / 60**power for power, part in enumerate(parts[:3]))
        if not 0 <= number <= most:
            return None
        degrees.append(-number if sign[:1].upper() == negative else number)
    # A receiver without a signal writes zeros.
    return (degrees[0], degrees[1]) if any(degrees) else None
