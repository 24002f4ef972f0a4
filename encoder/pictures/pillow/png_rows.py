"""A large PNG at a fraction of its size, a band of rows at a time: no more than a band is ever in memory.

Rows are inflated by zlib; Pillow undoes their filters, given each band as a PNG of its own that begins with the row above it.
Interlaced pictures and moving ones are read whole.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError
from .png_chunks import SIGNATURE, chunk, chunks

_BAND = 1 << 20  # bytes of rows at once
_GIVEN = 1 << 16  # bytes that are inflated at once
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
#: Colour types of 8 bits by the bytes that a filter steps back: the rows' own bytes come out of such a PNG as they are.
_PLAIN = {1: 0, 2: 4, 3: 2, 4: 6}
#: Chunks that may hold an orientation.
_BEHIND = (b"eXIf", b"tEXt", b"zTXt")


@dataclass(frozen=True)
class PngRows:
    """The rows of the PNG in ``data``. ``before``: its chunks before the pixels, as they stand. ``step``: bytes of a pixel,
    ``row``: of a row."""

    data: bytes
    width: int
    height: int
    bits: int
    colour: int
    before: bytes
    step: int
    row: int

    @classmethod
    def read(cls, data: bytes) -> PngRows | None:
        """None for a PNG that is not read by bands."""
        width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
        found = list(chunks(data))
        names = [name for name, _, _ in found]
        if interlaced or colour not in _CHANNELS or b"acTL" in names or b"IDAT" not in names:
            return None
        before = b"".join(data[at - 8 : at + length + 4] for _, at, length in found[1 : names.index(b"IDAT")])
        across = width * _CHANNELS[colour] * bits
        return cls(data, width, height, bits, colour, before, max(1, _CHANNELS[colour] * bits // 8), (across + 7) // 8)

    def bands(self) -> Iterator[Image.Image]:
        """Of 8 bits or fewer: pictures, opened as Pillow opens the whole. Raises ImageError where it ends early."""
        above: bytes | None = None
        for filtered in self.filtered():
            lines = filtered if above is None else b"\0" + above + filtered
            plain = self._unfiltered(lines)
            plain = plain if above is None else plain[1:]
            above = plain[-1].tobytes()
            lines = np.concatenate([np.zeros((len(plain), 1), np.uint8), plain], axis=1).tobytes()
            yield Image.open(io.BytesIO(self.png(len(plain), lines)), formats=["PNG"])

    def png(self, rows: int, lines: bytes) -> bytes:
        """A PNG like the whole, of ``rows`` rows, whose filtered ``lines`` are given."""
        return _png(self.width, rows, self.bits, self.colour, self.before, lines)

    def filtered(self) -> Iterator[bytes]:
        """The lines of a band, as they are filtered. Raises ImageError where they end early."""
        rows = max(1, _BAND // self.row)
        inflate, waiting, left = zlib.decompressobj(), bytearray(), self.height
        for given in self._packed():
            while given and left:
                wanted = min(rows, left) * (self.row + 1)
                waiting += inflate.decompress(given, wanted - len(waiting))
                given = inflate.unconsumed_tail
                if len(waiting) == wanted:
                    yield bytes(waiting)
                    left -= min(rows, left)
                    waiting.clear()
        if left:
            raise ImageError("truncated: the file ends before its pixels do")

    def _packed(self) -> Iterator[bytes]:
        """What is to be inflated, a little at a time: what is not taken of it is copied."""
        for name, at, length in chunks(self.data):
            if name == b"IDAT":
                yield from (
                    self.data[start : min(at + length, start + _GIVEN)] for start in range(at, at + length, _GIVEN)
                )

    def _unfiltered(self, lines: bytes) -> NDArray[np.uint8]:
        """(rows, bytes) of filtered ``lines``."""
        count = len(lines) // (self.row + 1)
        with _opened(self.row // self.step, count, 8, _PLAIN[self.step], b"", lines) as picture:
            return np.asarray(picture, np.uint8).reshape(count, self.row)


def info_behind(data: bytes) -> dict[Any, Any]:
    """What Pillow notes of the chunks behind the pixels when it decodes the PNG: EXIF and texts may stand there."""
    found = list(chunks(data))
    last = max((place for place, (name, _, _) in enumerate(found) if name == b"IDAT"), default=len(found))
    behind = b"".join(chunk(name, data[at : at + length]) for name, at, length in found[last + 1 :] if name in _BEHIND)
    with _opened(1, 1, 8, 0, behind, bytes(2)) as picture:
        return picture.info


def _opened(width: int, height: int, bits: int, colour: int, before: bytes, lines: bytes) -> Image.Image:
    return Image.open(io.BytesIO(_png(width, height, bits, colour, before, lines)), formats=["PNG"])


def _png(width: int, height: int, bits: int, colour: int, before: bytes, lines: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = zlib.compress(lines, 0)
    return SIGNATURE + chunk(b"IHDR", head) + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
