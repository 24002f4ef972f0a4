"""Which files are decoded in this process: plain ones, unless a large one has to be decoded whole."""

from __future__ import annotations

import struct

from ..pillow.png_rows import PngRows
from ..size import is_large
from .registry import Format

_MARK = 0xFF
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))
#: Start of frame (ITU-T T.81, table B.1): of a JPEG that is decoded row by row, and of one whose every scan has all rows.
_BY_ROWS, _BY_SCANS = (0xC0, 0xC1, 0xC3, 0xC9, 0xCB), (0xC2, 0xCA)


def stays_here(data: bytes, known: Format, *, whole: bool) -> bool:
    """Whether a file of the format ``known`` is decoded in this process. ``whole``: its pixels are wanted at their full size."""
    if not known.plain:
        return False
    try:
        return not is_large(*_decoded_size(data, known.name, whole=whole))
    except (struct.error, IndexError):
        return True  # too short to be large


def _decoded_size(data: bytes, name: str, *, whole: bool) -> tuple[int, int]:
    """Width and height of what is decoded at once; 0 x 0 where that is a band, or a fraction."""
    if name == "PNG":
        width, height = struct.unpack_from(">II", data, 16)
        return (0, 0) if not is_large(width, height) or PngRows.read(data) is not None else (width, height)
    if name == "JPEG":
        return _of_jpeg(data, whole=whole)
    if name == "WEBP":
        return _of_webp(data)
    if name == "GIF":
        width, height = struct.unpack_from("<HH", data, 6)
    else:
        width, height = struct.unpack_from("<ii", data, 18 if data[:2] == b"BM" else 4)
    return abs(width), abs(height)


def _of_jpeg(data: bytes, *, whole: bool) -> tuple[int, int]:
    at = 2
    while data[at] == _MARK:
        kind = data[at + 1]
        if kind == _MARK:
            at += 1
            continue
        if kind in (*_BY_ROWS, *_BY_SCANS):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return (width, height) if whole or kind in _BY_SCANS else (0, 0)
        at += 2 if kind in _WITHOUT_LENGTH else 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return 0, 0


def _of_webp(data: bytes) -> tuple[int, int]:
    """RFC 9649: of the canvas, of a lossy or of a lossless frame."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF
