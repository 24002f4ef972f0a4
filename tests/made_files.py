"""PNG and TIFF files written by hand, of the kinds that Pillow writes none of: any depth, kind of colours, chunk and tag."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Order: TypeAlias = Literal["<", ">"]
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TYPES = {"B": 1, "s": 2, "H": 3, "I": 4, "d": 12}


def png(
    values: NDArray[Any],
    *,
    bits: int = 8,
    palette: Sequence[tuple[int, int, int]] | None = None,
    chunks: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """(H, W, C) of 1 (grey, or numbers of ``palette``), 2 (grey, alpha), 3 or 4 bands at ``bits`` a value, with ``chunks`` before
    the pixels. Rows take turns at PNG's filters none, sub and up.
    """
    height, width, bands = values.shape
    kind = 3 if palette is not None else {1: 0, 2: 4, 3: 2, 4: 6}[bands]
    rows = _packed(values.reshape(height, width * bands), bits)
    step = max(1, bits * bands // 8)
    body = bytearray()
    above = np.zeros(rows.shape[1], np.uint8)
    for number, row in enumerate(rows):
        left = np.concatenate([np.zeros(step, np.uint8), row[:-step]])
        body.append(number % 3)
        body += (row - (0, left, above)[number % 3]).astype(np.uint8).tobytes()
        above = row
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))]
    if palette is not None:
        parts.append(chunk(b"PLTE", bytes(number for colour in palette for number in colour)))
    parts += [chunk(name, data) for name, data in chunks]
    return b"".join([_SIGNATURE, *parts, chunk(b"IDAT", zlib.compress(bytes(body))), chunk(b"IEND", b"")])


def chunk(name: bytes, data: bytes) -> bytes:
    """One of a PNG's chunks."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@dataclass
class TiffPage:
    """(H, W, C) ``values`` in their own type, or packed at ``bits``; ``tags``: further ones, or others, by number: text, bytes, a
    number or numbers. ``inside``: pages in the tag SubIFDs."""

    values: NDArray[Any]
    tags: dict[int, Any] = field(default_factory=dict)
    bits: int | None = None
    inside: list[TiffPage] = field(default_factory=list)


def tiff(*pages: TiffPage, order: Order = "<") -> bytes:
    """An uncompressed TIFF in one strip a page; ``order`` of bytes: ``<`` or ``>``."""
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for page in pages:
        at = _put_page(out, page, order)
        out[link : link + 4] = struct.pack(f"{order}I", at)
        link = len(out) - 4
        out[link:] = bytes(4)
    return bytes(out)


def _put_page(out: bytearray, page: TiffPage, order: Order) -> int:
    """Append the page; its directory ends with the place of the next one's."""
    inside = []
    for other in page.inside:
        inside.append(_put_page(out, other, order))
    height, width, bands = page.values.shape
    size = page.bits or page.values.dtype.itemsize * 8
    if page.bits:
        body = _packed(page.values.reshape(height, width * bands), page.bits).tobytes()
    else:
        body = page.values.astype(page.values.dtype.newbyteorder(order)).tobytes()
    start = len(out)
    out += body + b"\0" * (len(body) % 2)
    kind = {"u": 1, "i": 2, "f": 3}[page.values.dtype.kind]
    tags: dict[int, Any] = {
        256: width,
        257: height,
        258: (size,) * bands,
        259: 1,
        262: 1 if bands < 3 else 2,
        273: (start,),
        277: bands,
        278: height,
        279: (len(body),),
        339: (kind,) * bands,
        **({330: tuple(inside)} if inside else {}),
        **page.tags,
    }
    entries = []
    for number, given in sorted(tags.items()):
        kind_of, count, data = _tag(given, number, order)
        if len(data) > 4:
            place = len(out)
            out += data + b"\0" * (len(data) % 2)
            data = struct.pack(f"{order}I", place)
        entries.append(struct.pack(f"{order}HHI", number, kind_of, count) + data.ljust(4, b"\0"))
    at = len(out)
    out += struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)
    return at


def _tag(given: Any, number: int, order: Order) -> tuple[int, int, bytes]:
    if isinstance(given, bytes):
        return 7, len(given), given
    if isinstance(given, str):
        return 2, len(given) + 1, given.encode() + b"\0"
    numbers = given if isinstance(given, tuple) else (given,)
    code = "I" if max(numbers) > 0xFFFF or number in (254, 273, 279, 330) else "H"
    return _TYPES[code], len(numbers), struct.pack(f"{order}{len(numbers)}{code}", *numbers)


def _packed(rows: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """(H, N) whole numbers, most significant bit first, each row to whole bytes."""
    if bits == 16:
        return np.ascontiguousarray(rows.astype(">u2")).view(np.uint8)
    if bits == 8:
        return rows.astype(np.uint8)
    spread = (rows.astype(np.uint16)[..., None] >> np.arange(bits - 1, -1, -1, dtype=np.uint16)) & 1
    return np.packbits(spread.reshape(len(rows), -1).astype(np.uint8), axis=1)
