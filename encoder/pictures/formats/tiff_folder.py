"""A folder of a TIFF's tags, as it stands in the file: read, and written into another."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Bytes of a value, by its kind.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_UNSIGNED = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True)
class Tag:
    """``kind``: of its values, by TIFF's number; ``raw``: their bytes."""

    kind: int
    count: int
    raw: bytes

    def numbers(self, order: str) -> tuple[int, ...]:
        """Raises KeyError where it has no whole numbers."""
        return struct.unpack(f"{order}{self.count}{_UNSIGNED[self.kind]}", self.raw)


@dataclass(frozen=True)
class Header:
    """How numbers stand in the file. ``order``: of their bytes, as ``struct`` takes it; ``big``: of 64 bits (BigTIFF)."""

    order: str
    big: bool

    @classmethod
    def of(cls, data: bytes) -> Header:
        """Of the file ``data``."""
        return cls("<" if data[:1] == b"I" else ">", data[2:4] in (b"+\0", b"\0+"))

    @property
    def mark(self) -> int:
        """Bytes before the place of the first folder."""
        return 8 if self.big else 4

    def place(self, number: int) -> bytes:
        """A place in the file, or 0 for none."""
        return struct.pack(self.order + self._counter, number)

    def place_at(self, data: bytes, at: int) -> int:
        """The place that stands at ``at``. Raises struct.error beyond the file's end."""
        return int(struct.unpack_from(self.order + self._counter, data, at)[0])

    def tag(self, numbers: Sequence[int]) -> Tag:
        """Of places, sizes or counts."""
        kind, letter = (16, "Q") if self.big else (4, "I")
        return Tag(kind, len(numbers), struct.pack(f"{self.order}{len(numbers)}{letter}", *numbers))

    def read(self, data: bytes, place: int) -> tuple[dict[int, Tag], int]:
        """The tags at ``place``, and where the place of the next folder stands. Raises struct.error beyond the file's end."""
        count = struct.unpack_from(self.order + self._many, data, place)[0]
        place += struct.calcsize(f"={self._many}")
        tags: dict[int, Tag] = {}
        for entry in range(place, place + min(count, 4096) * self._step, self._step):
            number, kind, values = struct.unpack_from(f"{self.order}HH{self._counter}", data, entry)
            size, at = values * SIZES.get(kind, 0), entry + self._step - self._inline
            if size > self._inline:
                at = self.place_at(data, at)
            if size and at + size <= len(data):
                tags[number] = Tag(kind, values, data[at : at + size])
        return tags, place + count * self._step

    def written(self, tags: Mapping[int, Tag], at: int) -> tuple[bytes, int]:
        """A folder that stands at ``at``, without a next one, with the values that do not fit into it behind it; and where in the
        file the place of the next one stands."""
        link = at + struct.calcsize(f"={self._many}") + self._step * len(tags)
        entries, values = bytearray(), bytearray()
        behind = link + self._inline
        for number, tag in sorted(tags.items()):
            value = tag.raw
            if len(value) > self._inline:
                value = self.place(behind + len(values))
                values += tag.raw + bytes(len(tag.raw) % 2)
            head = struct.pack(f"{self.order}HH{self._counter}", number, tag.kind, tag.count)
            entries += head + value.ljust(self._inline, b"\0")
        return struct.pack(self.order + self._many, len(tags)) + entries + self.place(0) + values, link

    @property
    def _counter(self) -> str:
        return "Q" if self.big else "I"

    @property
    def _many(self) -> str:
        return "Q" if self.big else "H"

    @property
    def _step(self) -> int:
        return 20 if self.big else 12

    @property
    def _inline(self) -> int:
        return 8 if self.big else 4
