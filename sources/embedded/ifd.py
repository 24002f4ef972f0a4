"""The tags of a TIFF's directory, as EXIF has them too: only those asked for are read, and nothing is decoded.

Pillow reads them as well, but warns through the filters of the whole process, and refuses what has too many pixels first.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from typing import IO, TypeAlias

#: A tag's bytes as they are, or its numbers.
Value: TypeAlias = "bytes | tuple[float, ...]"
_BYTES = {1, 2, 6, 7}
_NUMBERS = {3: "H", 4: "I", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q", 11: "f", 12: "d"}
_RATIOS = {5: "II", 10: "ii"}
_LARGEST = 16 << 20
_MOST_TAGS = 4096


class Tiff:
    """A TIFF, or a BigTIFF, in ``stream`` from ``start`` on. Raises ValueError where it is none."""

    def __init__(self, stream: IO[bytes], start: int = 0) -> None:
        self._stream, self._start = stream, start
        head = self._read(0, 16)
        self._order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        version = struct.unpack(f"{self._order}H", head[2:4])[0] if self._order and len(head) >= 8 else 0
        # 0x4F52, 0x5352 and 0x0055: the same directories in Olympus' and Panasonic's camera files.
        if version not in (42, 43, 0x4F52, 0x5352, 0x55):
            raise ValueError("no TIFF")
        self._big, self.big_endian = version == 43, self._order == ">"
        self.first = self._unpack("Q", head[8:16]) if self._big else self._unpack("I", head[4:8])

    def tags(self, offset: int, wanted: Collection[int]) -> dict[int, Value]:
        """The tags ``wanted`` of the directory at ``offset``; those that are broken are left out."""
        found: dict[int, Value] = {}
        for tag, kind, number, place in self._entries(offset):
            if tag in wanted and tag not in found:
                try:
                    found[tag] = self._value(kind, number, place)
                except (ValueError, struct.error, ZeroDivisionError):
                    continue
        return found

    def _entries(self, offset: int) -> Iterator[tuple[int, int, int, bytes]]:
        """Tag, kind, number of values, and the bytes that hold them or say where they stand."""
        size, form = (20, "HHQ") if self._big else (12, "HHI")
        width = 8 if self._big else 2
        count = self._unpack("Q" if self._big else "H", self._read(offset, width))
        table = self._read(offset + width, min(count, _MOST_TAGS) * size)
        for start in range(0, len(table) - size + 1, size):
            tag, kind, number = struct.unpack_from(self._order + form, table, start)
            yield tag, kind, number, table[start + size - (8 if self._big else 4) : start + size]

    def _value(self, kind: int, number: int, place: bytes) -> Value:
        form = _RATIOS.get(kind) or _NUMBERS.get(kind) or ("s" if kind in _BYTES else "")
        if not form:
            raise ValueError(f"kind {kind}")
        size = struct.calcsize(f"={form}") * number
        if size > _LARGEST:
            raise ValueError("too large")
        data = place[:size]
        if size > len(place):
            data = self._read(self._unpack("Q" if self._big else "I", place), size)
        if len(data) < size:
            raise ValueError("truncated")
        if kind in _BYTES:
            return data
        numbers = struct.unpack(f"{self._order}{form * number}", data)
        if kind in _RATIOS:
            return tuple(above / below for above, below in zip(numbers[::2], numbers[1::2], strict=True))
        return numbers

    def _read(self, offset: int, size: int) -> bytes:
        self._stream.seek(self._start + offset)
        return self._stream.read(size)

    def _unpack(self, form: str, data: bytes) -> int:
        if len(data) < struct.calcsize(f"={form}"):
            raise ValueError("truncated")
        number: int = struct.unpack(self._order + form, data)[0]
        return number
