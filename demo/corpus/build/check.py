"""What a drawing looks like when it is rendered: blank, without colour, the same as another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..render import drawn

SIDE = 96
THUMB = 24


@dataclass(frozen=True, slots=True)
class Rendered:
    """What rendering showed."""

    ink: float
    """Share of pixels that differ from white to the eye."""
    colour: float
    """Share of the inked pixels that have a hue."""
    digest: bytes
    """Of the exact pixels."""
    thumb: NDArray[np.uint8]
    """(24, 24, 3)."""


def rendered(svg: str) -> Rendered | None:
    """What rendering `svg` shows, None where it cannot be drawn."""
    try:
        image = np.asarray(drawn(svg, SIDE))
    except KeyboardInterrupt:
        raise
    except BaseException:  # a panic of resvg is no Exception
        return None
    if image.shape != (SIDE, SIDE, 3):
        return None
    wide = image.astype(np.int16)
    inked = (255 - wide.min(axis=2)) > 24
    hue = (wide.max(axis=2) - wide.min(axis=2)) > 40
    ink = float(inked.mean())
    cell = SIDE // THUMB
    thumb = wide.reshape(THUMB, cell, THUMB, cell, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    return Rendered(
        ink,
        float((hue & inked).sum() / max(1, inked.sum())),
        hashlib.sha1(image.tobytes(), usedforsecurity=False).digest(),
        thumb,
    )


def best_form(exact_and_short: tuple[str, str]) -> tuple[str, Rendered] | None:
    """Of a drawing as it is and shortened: the shortened one where both look the same."""
    exact, short = exact_and_short
    after = rendered(short)
    if exact == short:
        return (short, after) if after else None
    before = rendered(exact)
    if before is None:
        return (short, after) if after else None
    if after is not None and np.abs(before.thumb.astype(int) - after.thumb.astype(int)).max() <= 12:
        return short, after
    return exact, before


def best_forms(forms: Iterable[tuple[str, str]], workers: int = 2) -> Iterator[tuple[str, Rendered] | None]:
    """`best_form` of each, in order, in `workers` processes."""
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(best_form, forms, chunksize=64)
