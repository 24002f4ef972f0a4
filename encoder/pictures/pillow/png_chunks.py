"""The chunks of a PNG (ISO/IEC 15948, 5.3)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of each chunk; a last one that is cut off has what is there."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        yield name, at + 8, min(length, len(data) - at - 8)
        at += length + 12


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of ``data``, with its length and check sum."""
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
