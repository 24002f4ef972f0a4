"""What is unusual about a picture: rules by which its pixels came about, and what it shows."""

from __future__ import annotations

import numpy as np
from clipseek.encoder.pictures.pixels.rendering import Seen
from PIL import Image

#: By the word with which a fact about the pixels begins; in the order in which a person should look.
_BY_FACT = {
    "no data": "values for nothing",
    "depth": "depth scaled",
    "inverted": "0 is white",
    "colour": "colours converted",
    "page": "one page of several",
    "frame": "one frame of several",
    "palette": "palette",
    "transparent": "transparent in part",
    "orientation": "turned",
}
REDUCED, REMARKS, FLAT, LONG, TINY = (
    "read at a fraction of its size",
    "remarks of its decoder",
    "almost one colour",
    "sides of 4:1 or more",
    "a side below 32 pixels",
)
KINDS = (*_BY_FACT.values(), REDUCED, REMARKS, FLAT, LONG, TINY)
_RATIO, _SIDE = 4, 32
#: Of an almost flat picture no mean of a part differs by more, of 255.
_RANGE, _PARTS = 12, 32


def oddities(seen: Seen) -> tuple[str, ...]:
    """Those of KINDS that ``seen`` is; nothing for an ordinary 8-bit picture."""
    found = {kind for start, kind in _BY_FACT.items() if any(fact.startswith(f"{start}:") for fact in seen.facts)}
    if any(concern.startswith("size:") for concern in seen.met):
        found.add(REDUCED)
    if seen.said:
        found.add(REMARKS)
    parts = np.asarray(seen.picture.resize((_PARTS, _PARTS), Image.Resampling.BOX), np.int16).reshape(-1, 3)
    if (parts.max(0) - parts.min(0) <= _RANGE).all():
        found.add(FLAT)
    short, long = sorted((seen.width, seen.height))
    if long >= _RATIO * short:
        found.add(LONG)
    if short < _SIDE:
        found.add(TINY)
    return tuple(kind for kind in KINDS if kind in found)
