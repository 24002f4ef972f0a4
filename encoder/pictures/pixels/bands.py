"""A large picture in bands of its rows, so that no more than a band of it is in memory as values, and none of it whole as RGB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError
from ..rules import Rules
from .decoded import Decoded
from .painted import Painted
from .painting import paint
from .survey import Scale, check, scale_of

#: Of 8 bits as they are shown, or values that are to be painted by the scale of them all.
Band: TypeAlias = Painted | Decoded
_PAINTED_AT_ONCE = 1 << 20  # values


class Bands(Protocol):
    """``width`` and ``height``: as stored. ``orientation``: EXIF's. ``full_size``: of the whole picture as stored, where this is a
    reduced copy."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def orientation(self) -> int: ...
    @property
    def full_size(self) -> tuple[int, int] | None: ...

    def starting(self, row: int) -> tuple[int, Iterator[Band]]:
        """The first row of a band at or above ``row``, and the bands from there to the picture's end. Raises ImageError."""


@dataclass(frozen=True, eq=False)
class Whole:
    """The bands of values that are in memory."""

    decoded: Decoded

    @property
    def width(self) -> int:
        return int(self.decoded.values.shape[1])

    @property
    def height(self) -> int:
        return int(self.decoded.values.shape[0])

    @property
    def orientation(self) -> int:
        return self.decoded.orientation

    @property
    def full_size(self) -> tuple[int, int] | None:
        return self.decoded.full_size

    def starting(self, row: int) -> tuple[int, Iterator[Band]]:
        """All of it at once: ``painted`` takes it apart."""
        check(self.decoded)
        return 0, iter([self.decoded])


def survey(bands: Bands, rules: Rules) -> Scale:
    """The scale of a whole picture; nothing is read of one that needs none."""
    _, found = bands.starting(0)
    first = next(found, None)
    if not isinstance(first, Decoded):
        return Scale()

    def values() -> Iterator[Decoded]:
        yield first
        for band in found:
            assert isinstance(band, Decoded)
            yield band

    return scale_of(values(), bands.height, rules)


def painted(bands: Bands, rules: Rules, first: int = 0, scale: Scale | None = None) -> Iterator[tuple[int, Painted]]:
    """The pixels of each band from row ``first`` on, with the row of its top."""
    top, found = bands.starting(first)
    for band in found:
        if isinstance(band, Painted):
            yield top, band
            top += band.picture.height
            continue
        check(band)
        scale = survey(bands, rules) if scale is None else scale
        rows = max(1, _PAINTED_AT_ONCE // max(1, band.values[:1].size))
        above = min(len(band.values), max(0, first - top))  # what is decoded from its top is not painted from there
        top += above
        for start in range(above, len(band.values), rows):
            part = slice(start, start + rows)
            valid = None if band.valid is None else band.valid[part]
            shown = paint(replace(band, values=band.values[part], valid=valid), scale, rules)
            yield top, shown
            top += shown.picture.height


def reduced(bands: Bands, rules: Rules, factor: int) -> Painted:
    """All of it, each ``factor`` x ``factor`` pixels made one, as ``Image.reduce`` makes them."""
    size = -(-bands.width // factor), -(-bands.height // factor)
    whole, left, done = Image.new("RGB", size), None, 0
    met, facts, through = frozenset[str](), tuple[str, ...](), list[float]()
    for top, band in painted(bands, rules):
        rows = band.picture if left is None else _below(left, band.picture)
        bottom = top + band.picture.height
        usable = rows.height if bottom == bands.height else rows.height // factor * factor
        if usable:
            one = rows.reduce(factor, (0, 0, rows.width, usable))
            whole.paste(one, (0, done))
            done += one.height
        left = rows.crop((0, usable, rows.width, rows.height)) if usable < rows.height else None
        met, facts = met | band.met, band.facts
        through += [] if band.through is None else [band.through * band.picture.height / bands.height]
    if done != size[1]:
        raise ImageError("truncated: the file ends before its pixels do")
    return Painted(whole, met, facts, sum(through) if through else None)


def cut_out(
    bands: Bands, rules: Rules, boxes: Sequence[tuple[int, int, int, int]], scale: Scale | None = None
) -> list[Painted]:
    """Left, top, right and bottom of parts, in stored pixels: each as it stands; of no more bands than they touch."""
    first, last = min(box[1] for box in boxes), max(box[3] for box in boxes)
    parts = list[NDArray[np.uint8] | None]([None] * len(boxes))
    met, facts = frozenset[str](), tuple[str, ...]()
    for top, band in painted(bands, rules, first, scale):
        if top >= last:
            break
        bottom = top + band.picture.height
        for place, (left, upper, right, lower) in enumerate(boxes):
            start, end = max(top, upper), min(bottom, lower)
            if start >= end:
                continue
            part = parts[place]
            if part is None:
                parts[place] = part = np.empty((lower - upper, right - left, 3), np.uint8)
            part[start - upper : end - upper] = np.asarray(band.picture.crop((left, start - top, right, end - top)))
        if bottom > first:
            met, facts = met | band.met, band.facts
    found = list[Painted]()
    parts.reverse()
    while parts:  # each goes as soon as its picture is made
        found.append(Painted(Image.fromarray(_there(parts.pop())), met, facts, None))
    return found


def _there(part: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    if part is None:
        raise ImageError("truncated: the file ends before its pixels do")
    return part


def _below(above: Image.Image, picture: Image.Image) -> Image.Image:
    both = Image.new("RGB", (picture.width, above.height + picture.height))
    both.paste(above, (0, 0))
    both.paste(picture, (0, above.height))
    return both
