"""One file, several pictures: the tiles of a scene, the pages of a document, the frames and slices of a series. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from .crop import SMALLEST, Crop
from .errors import ImageError

PartKind: TypeAlias = Literal["tile", "page", "frame", "slice"]
#: What a file can be taken apart by, besides tiles.
Numbered: TypeAlias = Literal["page", "frame", "slice"]
NUMBERED: tuple[Numbered, ...] = get_args(Numbered)
#: Of one file.
MOST_PARTS = 50_000
_TILES = re.compile(r"\s*(\d{1,6})\s*(?:,\s*(\d{1,6})\s*)?", re.ASCII)


@dataclass(frozen=True)
class Part:
    """``crop``: which part of the picture, or which page of the file. ``count``: of how many of the file."""

    kind: PartKind
    crop: Crop
    count: int

    @property
    def name(self) -> str:
        """``tile=0,448,512,512``, ``page=3``: what its id ends with. Only characters that a URL's query takes as they are."""
        return f"tile={self.crop}" if self.kind == "tile" else f"{self.kind}={self.crop.page}"

    def as_dict(self, of: str) -> dict[str, Any]:
        """As the document keeps it; ``of``: the id of the whole."""
        facts: dict[str, Any] = {"of": of, "kind": self.kind, "count": self.count}
        if self.kind != "tile":
            return {**facts, "number": self.crop.page}
        crop = self.crop
        place = {"left": crop.left, "top": crop.top, "width": crop.width, "height": crop.height}
        return {**facts, **{name: int(value) for name, value in place.items()}}


def crop_of(part: Mapping[str, Any] | None) -> Crop | None:
    """The crop of ``Part.as_dict``; None of none."""
    if not part:
        return None
    if part.get("number"):
        return Crop.whole(int(part["number"]))
    return Crop(int(part["left"]), int(part["top"]), int(part["width"]), int(part["height"]))


@dataclass(frozen=True)
class Parting:
    """What becomes several: scenes larger than ``tiles`` pixels on a side, cut to tiles that share ``overlap`` with the next; and
    files of several pages, frames or slices, where ``every`` names them.

    Raises ImageError, whose text is the reason, for a size that cannot be.
    """

    tiles: int | None = None
    overlap: int = 0
    every: tuple[Numbered, ...] = ()

    def __post_init__(self) -> None:
        if self.tiles is not None and self.tiles < SMALLEST:
            raise ImageError(f"tiles of {self.tiles} pixels are too small; give {SMALLEST} or more")
        if self.tiles is not None and not 0 <= self.overlap <= self.tiles // 2:
            raise ImageError(
                f"tiles of {self.tiles} cannot share {self.overlap} pixels; give at most half of their size"
            )

    @classmethod
    def read(cls, tiles: str | None, every: tuple[Numbered, ...] = ()) -> Parting | None:
        """Of ``SIZE[,OVERLAP]``; None where nothing is taken apart. Raises ImageError."""
        every = tuple(kind for kind in NUMBERED if kind in every)
        if tiles is None:
            return cls(every=every) if every else None
        found = _TILES.fullmatch(tiles)
        if found is None:
            raise ImageError(
                f"{tiles!r} is no size of tiles; give pixels, like 512, or with what neighbours share: 512,64"
            )
        return cls(int(found[1]), int(found[2] or 0), every)

    def tiles_of(self, width: int, height: int) -> tuple[Part, ...]:
        """Row by row; none for a scene that is no larger than one. The last of a row and of a column end with the scene, so that
        all but of a scene narrower than a tile have the whole size. Raises ImageError for more than MOST_PARTS."""
        size = self.tiles
        if size is None or (width <= size and height <= size) or min(width, height) < SMALLEST:
            return ()
        across, down = list(_starts(width, size, self.overlap)), list(_starts(height, size, self.overlap))
        if len(across) * len(down) > MOST_PARTS:
            raise ImageError(
                f"{width} x {height} pixels make {len(across) * len(down):,} tiles of {size}, at most {MOST_PARTS:,} are made; "
                "choose a larger --tiles"
            )
        wide, high = min(size, width), min(size, height)
        crops = [Crop(left, top, wide, high) for top in down for left in across]
        return tuple(Part("tile", crop, len(crops)) for crop in crops)


def numbered(kind: Numbered, numbers: tuple[int, ...]) -> tuple[Part, ...]:
    """The parts of a file of the pages, frames or slices ``numbers``. Raises ImageError for more than MOST_PARTS."""
    if len(numbers) > MOST_PARTS:
        raise ImageError(f"it has {len(numbers):,} {kind}s, at most {MOST_PARTS:,} are taken")
    return tuple(Part(kind, Crop.whole(number), len(numbers)) for number in numbers)


def _starts(length: int, size: int, overlap: int) -> Iterator[int]:
    """Where tiles begin, the last so that it ends with ``length``."""
    start = 0
    while start + size < length:
        yield start
        start += size - overlap
    yield max(0, length - size)
