"""Decoded values to the pixels that a careful viewer shows: painted (``painting.py``), reduced or cut, and turned upright."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..crop import Crop
from ..rules import Rules, versions_of
from .bands import Bands, Whole, cut_out, reduced, survey
from .decoded import Decoded
from .orientation import SWAPPED, stored_box, upright
from .painted import Painted
from .painting import paint
from .survey import Scale, check, scale_of
from .transparency import transparent_fact


@dataclass(frozen=True, eq=False)
class Seen:
    """``picture``: RGB, 8 bits, upright, perhaps reduced; ``width`` and ``height`` of the whole picture, upright.

    met: ``name:version`` of each rule that decided its pixels; nothing for a plain 8-bit picture in sRGB. facts: the same for
    people ("depth: 12 of 16 bits"). said: what the decoder printed meanwhile, on one line.
    """

    picture: Image.Image
    width: int
    height: int
    met: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    said: str = ""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8."""
        return np.asarray(self.picture, np.uint8)


def render(decoded: Decoded, rules: Rules) -> Seen:
    """The pixels of ``decoded``. Raises ImageError where its values are no picture (no pixel, bands that do not fit)."""
    check(decoded)
    whole = paint(decoded, scale_of([decoded], len(decoded.values), rules), rules)
    return finished(whole, Whole(decoded))


def finished(
    painted: Painted, bands: Bands, met: Iterable[str] = (), facts: tuple[str, ...] = (), *, part: bool = False
) -> Seen:
    """``painted`` from ``bands`` turned upright, with its whole size, or its own as a ``part``; ``met`` and ``facts``: besides its
    own and before them."""
    rules, said = {*met, *painted.met}, [*facts, *painted.facts]
    if painted.through is not None:
        said.append(transparent_fact(painted.through))
    if bands.orientation != 1:
        rules.add("orientation")
        said.append(f"orientation: {bands.orientation}")
    picture = upright(painted.picture, bands.orientation)
    width, height = picture.size if part else upright_size(bands)
    return Seen(picture, width, height, versions_of(rules), tuple(said))


def upright_size(bands: Bands) -> tuple[int, int]:
    """Width and height of the whole picture."""
    width, height = bands.full_size or (bands.width, bands.height)
    return (height, width) if bands.orientation in SWAPPED else (width, height)


def shown(
    bands: Bands, rules: Rules, factor: int, concern: str, met: Iterable[str] = (), facts: tuple[str, ...] = ()
) -> Seen:
    """All of a large picture, each ``factor`` x ``factor`` pixels made one. concern: by which rule it is, of ``rules.VERSIONS``."""
    whole = reduced(bands, rules, factor)
    return finished(whole, bands, {*met, *([concern] if factor > 1 else [])}, facts)


def shown_parts(
    bands: Bands,
    rules: Rules,
    crops: Sequence[Crop],
    key: bytes,
    met: Iterable[str] = (),
    facts: tuple[str, ...] = (),
) -> list[Seen]:
    """Each of ``crops`` of a large picture. ``key``: of the file's bytes, for which what all of it decides is kept: a scene is cut
    in several goes. Raises ImageError where one is not inside it."""
    size = upright_size(bands)
    boxes = [stored_box(crop.box(*size), bands.orientation, bands.width, bands.height) for crop in crops]
    scale = _scales.of((key, crops[0].page, rules, bands.width, bands.height), bands, rules)
    return [finished(part, bands, met, facts, part=True) for part in cut_out(bands, rules, boxes, scale)]


class _Scales:
    """Of the last few scenes that were cut."""

    def __init__(self) -> None:
        self._lock, self._kept = threading.Lock(), OrderedDict[object, Scale]()

    def of(self, key: object, bands: Bands, rules: Rules) -> Scale:
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        found = survey(bands, rules)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 8:
                self._kept.popitem(last=False)
        return found


_scales = _Scales()
