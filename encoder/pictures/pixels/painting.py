"""Decoded values to sRGB on the background, by one order of steps for every format, of a whole picture or of a band of it.

No-data and transparency are found in the values themselves; depth brings colours to 8 bits; inverted greys are turned; colours
become sRGB; what is transparent shows the background.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..rules import Rules
from .colour import curved, described, lab_picture, to_srgb
from .decoded import Decoded
from .depth import to_bytes
from .painted import Painted
from .survey import Scale, colours_of, is_plain, recorded, shown_share
from .transparency import onto, share_through


def paint(decoded: Decoded, scale: Scale, rules: Rules) -> Painted:
    """The pixels of ``decoded``, checked, by the ``scale`` of its whole picture."""
    met, facts = set(decoded.met), list(decoded.facts)
    colours, alpha = colours_of(decoded, decoded.values)
    if alpha is not None:
        met.add("transparency")
    if decoded.transparent is not None:
        met.add("transparency.key")
    if decoded.no_data:
        facts.append(f"no data: {', '.join(f'{value:g}' for value in decoded.no_data)}")
    facts += [f"no data: {value:g}, taken from the values" for value in scale.guessed]
    valid, _ = recorded(decoded, colours, scale.guessed)
    if valid is not None:
        met.add("depth")
    opaque = shown_share(decoded, colours, alpha, valid)
    picture = _coloured(decoded, colours, scale, met, facts)
    through = None
    if opaque is not None and (alpha is not None or decoded.transparent is not None):
        through = share_through(opaque)
    return Painted(onto(picture, opaque, rules.background), frozenset(met), tuple(facts), through)


def _coloured(
    decoded: Decoded, colours: NDArray[np.generic], scale: Scale, met: set[str], facts: list[str]
) -> Image.Image:
    """RGB, of the colours' bands alone."""
    if decoded.space == "lab":
        met.add("colour")
        picture, fact = to_srgb(lab_picture(colours), None)
        facts.append(f"colour: {fact}")
        return picture
    plain, curves = is_plain(decoded), decoded.curves
    if plain:
        low, high = 0.0, 1.0 if colours.dtype == np.bool_ else 255.0
    else:
        low, high = scale.low, scale.high
        met.add("depth")
        facts.append(f"depth: {_ends(low)} is black, {_ends(high)} is white ({colours.dtype.name})")
    if decoded.inverted:
        met.add("depth")
        facts.append("inverted: 0 is white")
    as_bytes = plain and colours.dtype == np.uint8
    if curves is not None and not curves.plain and not decoded.profile and not as_bytes and np.ndim(low) == 0:
        met.add("colour")
        facts.append(f"colour: {described(curves)}")
        ends = (float(high), float(low)) if decoded.inverted else (float(low), float(high))
        return Image.fromarray(curved(colours, *ends, curves))
    pixels = to_bytes(colours, low, high)
    if decoded.inverted:
        pixels = 255 - pixels
    mode = {"grey": "L", "rgb": "RGB", "cmyk": "CMYK"}[decoded.space]
    stored = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if mode == "L" else pixels), mode)
    picture, fact = to_srgb(stored, decoded.profile, curves)
    if fact:
        met.add("colour")
        facts.append(f"colour: {fact}")
    return picture


def _ends(value: object) -> str:
    return "/".join(f"{number:.6g}" for number in np.atleast_1d(np.asarray(value, np.float64)))
