"""Metadata of HEIF and AVIF (items of the box ``meta``, ISO 23008-12), and of JPEG XL (boxes of their own, ISO 18181-2)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

_LARGEST = 16 << 20
_MOST = 4096


def read_iso(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """``exif`` and ``xmp`` of the file in ``stream``. Raises IndexError and the like where it is broken."""
    for kind, start, size in _boxes(stream, 0, None):
        if kind == b"meta" and size <= _LARGEST:
            stream.seek(start)
            yield from _items(stream, stream.read(size))
        elif kind in (b"Exif", b"xml ") and size <= _LARGEST:  # JPEG XL
            stream.seek(start)
            yield from _block(kind == b"Exif", stream.read(size))


def _block(is_exif: bool, data: bytes) -> Iterator[tuple[str, bytes]]:
    """EXIF begins with the distance of its TIFF's header."""
    if is_exif:
        yield "exif", data[4 + int.from_bytes(data[:4], "big") :]
    else:
        yield "xmp", data


def _boxes(stream: IO[bytes], start: int, end: int | None) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first byte and size of what each box holds."""
    for _ in range(_MOST):
        stream.seek(start)
        head = stream.read(16)
        if len(head) < 8 or (end is not None and start >= end):
            return
        size, kind, inner = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, inner = int.from_bytes(head[8:16], "big"), 16
        if size == 0:
            size = stream.seek(0, 2) - start
        if size < inner:
            return
        yield kind, start + inner, size - inner
        start += size


def _items(stream: IO[bytes], meta: bytes) -> Iterator[tuple[str, bytes]]:
    inside = io.BytesIO(meta)
    boxes = {kind: meta[start : start + size] for kind, start, size in _boxes(inside, 4, None)}
    wanted = dict(_kinds(boxes.get(b"iinf", b"")))
    for item, method, extents in _places(boxes.get(b"iloc", b"")):
        if item not in wanted or sum(size for _, size in extents) > _LARGEST:
            continue
        data = b""
        for offset, size in extents:
            if method == 1:
                data += boxes.get(b"idat", b"")[offset : offset + size]
            else:
                stream.seek(offset)
                data += stream.read(size)
        yield from _block(wanted[item], data)


def _kinds(iinf: bytes) -> Iterator[tuple[int, bool]]:
    """Items of metadata: number, and whether it is EXIF; else it is XMP."""
    start = 6 if iinf[:1] == b"\0" else 8
    for kind, at, size in _boxes(io.BytesIO(iinf), start, None):
        entry = iinf[at : at + size]
        if kind != b"infe" or entry[:1] not in (b"\x02", b"\x03"):
            continue
        width = 2 if entry[0] == 2 else 4
        item, name = int.from_bytes(entry[4 : 4 + width], "big"), entry[6 + width : 10 + width]
        if name == b"Exif" or (name == b"mime" and b"rdf+xml" in entry):
            yield item, name == b"Exif"


def _places(iloc: bytes) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Item, construction method, and offset and size of each extent."""
    if len(iloc) < 8:
        return
    version = iloc[0]
    offset_size, length_size, base_size, index_size = iloc[4] >> 4, iloc[4] & 15, iloc[5] >> 4, iloc[5] & 15
    position = 6

    def number(width: int) -> int:
        nonlocal position
        position += width
        if position > len(iloc):
            raise IndexError("iloc")
        return int.from_bytes(iloc[position - width : position], "big")

    for _ in range(min(number(2 if version < 2 else 4), _MOST)):
        item = number(2 if version < 2 else 4)
        method = number(2) & 15 if version else 0
        number(2)  # the file that it is in: this one
        base = number(base_size)
        extents = []
        for _ in range(min(number(2), _MOST)):
            if version and index_size:
                number(index_size)
            offset = number(offset_size)
            extents.append((base + offset, number(length_size)))
        yield item, method, extents
