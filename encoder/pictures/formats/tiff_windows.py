"""A page of a TIFF in bands of its rows, each a TIFF of its own with the strips or tiles that hold them, as they stand in the file.

Whatever reads the page reads its bands, by the same tags. A page of one large strip is taken apart where its rows are there
without all before them being unpacked twice: as they are, or deflated.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import ImageError
from ..pixels.bands import Band
from .tiff_folder import Header, Tag

#: Bytes of rows that a band has at most, unless its tiles have more; that are inflated at once.
_BAND, _GIVEN = 4 << 20, 1 << 16
_ENDS_EARLY = "truncated: the file ends before its pixels do"
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 256, 257, 258, 259, 262, 277
_ROWS, _PLANES, _ORIENTATION, _SUBSAMPLING = 278, 284, 274, 530
_STRIPS, _TILES, _TILE_WIDTH, _TILE_LENGTH = (273, 279), (324, 325), 322, 323
_IMAGE_DEPTH, _TILE_DEPTH = 32997, 32998
#: Of the whole: description, kind of page, free bytes, SubIFDs, XMP, IPTC, Photoshop's, EXIF's and GPS's folders, GDAL's names.
_LEFT_OUT = (254, 255, 270, 288, 289, 330, 700, 33723, 34377, 34665, 34853, 37724, 40965, 42112)
_PLAIN, _OLD_JPEG, _DEFLATED, _YCBCR = 1, 6, (8, 32946), 6


@dataclass(frozen=True)
class TiffRows:
    """A page in the file ``data``. ``rows``: of a strip or tile; ``across``, ``planes``: how many of them side by side, and one
    behind another. ``row``: bytes of a row of one plane. ``split``: whether its strips are to be taken apart. ``orientation``:
    EXIF's.
    """

    data: bytes
    header: Header
    tags: dict[int, Tag]
    width: int
    height: int
    rows: int
    across: int
    planes: int
    row: int
    places: tuple[int, ...]
    sizes: tuple[int, ...]
    split: bool
    orientation: int

    @classmethod
    def read(cls, data: bytes, offset: int) -> TiffRows | None:
        """The page whose folder of tags stands at ``offset``; None for one that is not read by bands."""
        header = Header.of(data)
        try:
            return cls._of(data, header, header.read(data, offset)[0])
        except (struct.error, KeyError, IndexError, ZeroDivisionError):
            return None

    @classmethod
    def _of(cls, data: bytes, header: Header, tags: dict[int, Tag]) -> TiffRows | None:
        def number(tag: int, usual: int) -> int:
            return tags[tag].numbers(header.order)[0] if tag in tags else usual

        width, height = number(_WIDTH, 0), number(_LENGTH, 0)
        tiled, samples, compression = _TILES[0] in tags, number(_SAMPLES, 1), number(_COMPRESSION, _PLAIN)
        rows = number(_TILE_LENGTH, 0) if tiled else min(height, number(_ROWS, height))
        across = -(-width // number(_TILE_WIDTH, 0)) if tiled else 1
        planes = samples if number(_PLANES, 1) == 2 else 1
        places, sizes = (tags[tag].numbers(header.order) for tag in (_TILES if tiled else _STRIPS))
        row = (width * (1 if planes > 1 else samples) * number(_BITS, 1) + 7) // 8
        depth = max(number(_IMAGE_DEPTH, 1), number(_TILE_DEPTH, 1))
        down = -(-height // rows)
        if compression == _OLD_JPEG or depth > 1 or len(places) != len(sizes) or len(places) != across * planes * down:
            return None
        split = not tiled and rows * row * planes > 2 * _BAND
        subsampled = number(_PHOTOMETRIC, 1) == _YCBCR and set(_subsampling(tags, header)) != {1}
        if split and (compression not in (_PLAIN, *_DEFLATED) or subsampled):
            return None
        turned = number(_ORIENTATION, 1)
        orientation = turned if 1 <= turned <= 8 else 1
        shape = (width, height, rows, across, planes, row)
        return cls(data, header, tags, *shape, places, sizes, split, orientation)

    def starting(self, row: int) -> tuple[int, Iterator[bytes]]:
        """The first row of a band at or above ``row``, and a TIFF for each band from there. Raises ImageError where the file ends
        early."""
        first = row // self.rows
        if not self.split:
            return first * self.rows, self._grouped(first)
        if self.tags.get(_COMPRESSION) and self.tags[_COMPRESSION].numbers(self.header.order)[0] != _PLAIN:
            return first * self.rows, self._inflated(first)
        start = row // self._lines * self._lines
        return start, self._sliced(start)

    @property
    def _lines(self) -> int:
        """Rows of a band of a strip that is taken apart."""
        return max(1, _BAND // (self.row * self.planes))

    def _grouped(self, first: int) -> Iterator[bytes]:
        down, step = -(-self.height // self.rows), max(1, _BAND // (self.row * self.rows * self.planes))
        for start in range(first, down, step):
            end = min(down, start + step)
            numbers = [
                plane * self.across * down + place
                for plane in range(self.planes)
                for place in range(start * self.across, end * self.across)
            ]
            parts = [self._part(self.places[number], self.sizes[number]) for number in numbers]
            yield self._tiff(min(self.height, end * self.rows) - start * self.rows, self.rows, parts)

    def _sliced(self, first: int) -> Iterator[bytes]:
        for start in range(first, self.height, self._lines):
            end, parts = min(self.height, start + self._lines), list[bytes]()
            for plane in range(self.planes):
                # A band may begin in one strip and end in the next.
                part, at = b"", start
                while at < end:
                    strip = at // self.rows
                    until = min(end, (strip + 1) * self.rows)
                    number = plane * -(-self.height // self.rows) + strip
                    place = self.places[number] + (at - strip * self.rows) * self.row
                    part, at = part + self._part(place, (until - at) * self.row), until
                parts.append(part)
            yield self._tiff(end - start, end - start, parts)

    def _inflated(self, first: int) -> Iterator[bytes]:
        down = -(-self.height // self.rows)
        for strip in range(first, down):
            of_planes = [self._unpacked(plane * down + strip) for plane in range(self.planes)]
            left = min(self.rows, self.height - strip * self.rows)
            while left:
                count = min(left, self._lines)
                lines = [unpacked.take(count * self.row) for unpacked in of_planes]
                yield self._tiff(count, count, [zlib.compress(some, 0) for some in lines])
                left -= count

    def _unpacked(self, number: int) -> _Unpacked:
        return _Unpacked(self.data, self.places[number], self.sizes[number])

    def _part(self, place: int, size: int) -> bytes:
        part = self.data[place : place + size]
        if len(part) < size:
            raise ImageError(_ENDS_EARLY)
        return part

    def _tiff(self, height: int, rows: int, parts: Sequence[bytes]) -> bytes:
        """The page with ``height`` rows and the strips or tiles ``parts``."""
        places, sizes = _TILES if _TILES[0] in self.tags else _STRIPS
        tags = {number: tag for number, tag in self.tags.items() if number not in _LEFT_OUT}
        tags[_LENGTH] = self.header.tag([height])
        if _ORIENTATION in tags:
            tags[_ORIENTATION] = Tag(3, 1, struct.pack(f"{self.header.order}H", 1))
        if places == _STRIPS[0]:
            tags[_ROWS] = self.header.tag([rows])
        tags[sizes] = self.header.tag([len(part) for part in parts])
        tags[places] = self.header.tag([0] * len(parts))  # as long as it will be
        before = len(self._head(tags))
        starts, at = list[int](), before
        for part in parts:
            starts.append(at if part else 0)
            at += len(part)
        tags[places] = self.header.tag(starts)
        return b"".join([self._head(tags), *parts])

    def _head(self, tags: dict[int, Tag]) -> bytes:
        """The file's header, its one folder, and the values that do not fit into it."""
        mark = self.data[: self.header.mark]
        start = len(mark) + len(self.header.place(0))
        return mark + self.header.place(start) + self.header.written(tags, start)[0]


@dataclass(frozen=True)
class TiffBands:
    """``rows`` of a page, a ``pixels.bands.Bands``. ``shown``: what reads each band, a TIFF of its own."""

    rows: TiffRows
    shown: Callable[[bytes], Band]
    full_size: tuple[int, int] | None

    @property
    def width(self) -> int:
        return self.rows.width

    @property
    def height(self) -> int:
        return self.rows.height

    @property
    def orientation(self) -> int:
        return self.rows.orientation

    def starting(self, row: int) -> tuple[int, Iterator[Band]]:
        """From the strips or tiles that hold ``row``."""
        top, found = self.rows.starting(row)
        return top, map(self.shown, found)


class _Unpacked:
    """The rows of a deflated strip, one after another."""

    def __init__(self, data: bytes, place: int, size: int) -> None:
        self._inflate, self._tail = zlib.decompressobj(), b""
        self._data, self._at, self._end = data, place, place + size

    def _next(self) -> int:
        return self._at if self._tail else min(self._end, self._at + _GIVEN)

    def take(self, size: int) -> bytes:
        """Raises ImageError where they end early, or cannot be unpacked."""
        out = bytearray()
        try:
            while len(out) < size and not self._inflate.eof:
                # A little at a time: what is not taken of it is copied.
                given, self._at = self._tail or self._data[self._at : self._next()], self._next()
                if not given:
                    break
                out += self._inflate.decompress(given, size - len(out))
                self._tail = self._inflate.unconsumed_tail
        except zlib.error as problem:
            raise ImageError(f"cannot be decoded: {problem}") from None
        if len(out) < size:
            raise ImageError(_ENDS_EARLY)
        return bytes(out)


def _subsampling(tags: dict[int, Tag], header: Header) -> tuple[int, ...]:
    return tags[_SUBSAMPLING].numbers(header.order) if _SUBSAMPLING in tags else (2, 2)
