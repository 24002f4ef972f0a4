"""Decoded values to the pixels that a careful viewer shows, by one order of steps for every format.

No-data and transparency are found in the values themselves; depth brings colours to 8 bits; inverted greys are turned; colours
become sRGB; what is transparent shows the background; then the picture is turned upright.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError
from ..rules import Rules, versions_of
from .colour import curved, described, lab_picture, to_srgb
from .decoded import Decoded
from .depth import full_value, range_of, to_bytes
from .no_data import all_guessed, missing
from .orientation import SWAPPED, upright
from .transparency import keyed, onto, opacity, share_through, straight, transparent_fact

_BANDS = {"grey": 1, "rgb": 3, "cmyk": 4, "lab": 3}


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
    values, bands = decoded.values, _BANDS[decoded.space]
    if values.ndim != 3 or 0 in values.shape or values.shape[2] != bands + (decoded.alpha != "none"):
        raise ImageError(f"its values have the shape {values.shape}, which is no picture in {decoded.space}")
    met, facts = set(decoded.met), list(decoded.facts)
    colours, alpha = values[..., :bands], values[..., bands] if decoded.alpha != "none" else None
    shown: list[NDArray[np.generic]] = []
    if alpha is not None:
        met.add("transparency")
        full = full_value(values.dtype, decoded.bits)
        if decoded.alpha == "premultiplied":
            colours = straight(colours, alpha, full)
        shown.append(to_bytes(alpha[..., None], 0.0, full)[..., 0])
    if decoded.transparent is not None:
        met.add("transparency.key")
        shown.append(~keyed(colours, decoded.transparent))
    valid, whole = _valid(decoded, colours, met, facts)
    if valid is not None:
        shown.append(valid)
    opaque = opacity(values.shape[:2], shown)
    counted = None if opaque is None else np.asarray(opaque) > 0
    if whole is not None and whole.any():
        counted = whole if counted is None else counted & whole
    picture = _coloured(decoded, colours, counted, rules, met, facts)
    if opaque is not None and (alpha is not None or decoded.transparent is not None):
        facts.append(transparent_fact(share_through(opaque)))
    if decoded.orientation != 1:
        met.add("orientation")
        facts.append(f"orientation: {decoded.orientation}")
    picture = upright(onto(picture, opaque, rules.background), decoded.orientation)
    width, height = decoded.full_size or (values.shape[1], values.shape[0])
    if decoded.orientation in SWAPPED:
        width, height = height, width
    return Seen(picture, width, height, versions_of(met), tuple(facts))


def _valid(
    decoded: Decoded, colours: NDArray[np.generic], met: set[str], facts: list[str]
) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """(H, W), False where no band was recorded, and False where one was not, which decides no range; None where all were."""
    no_data = decoded.no_data
    if no_data:
        facts.append(f"no data: {', '.join(f'{value:g}' for value in no_data)}")
    if decoded.valid is None and decoded.window is None and decoded.bits is None:
        found = all_guessed(colours, no_data)
        facts += [f"no data: {value:g}, taken from the values" for value in found]
        no_data = (*no_data, *found)
    valid, whole = decoded.valid, None
    if no_data or colours.dtype.kind == "f":
        lacking = missing(colours, no_data)
        nothing, part = np.asarray(lacking.all(2)), np.asarray(lacking.any(2))
        if nothing.any():
            valid = ~nothing if valid is None else valid & ~nothing
        if part.any():
            whole = ~part
    if valid is not None:
        met.add("depth")
    return valid, whole


def _coloured(
    decoded: Decoded,
    colours: NDArray[np.generic],
    counted: NDArray[np.bool_] | None,
    rules: Rules,
    met: set[str],
    facts: list[str],
) -> Image.Image:
    """RGB, of the colours' bands alone."""
    if decoded.space == "lab":
        met.add("colour")
        picture, fact = to_srgb(lab_picture(colours), None)
        facts.append(f"colour: {fact}")
        return picture
    if plain := colours.dtype == np.uint8 and decoded.bits in (None, 8) and decoded.window is None:
        low, high = 0.0, 255.0
    elif colours.dtype == np.bool_:
        low, high = 0.0, 1.0
    else:
        low, high = decoded.window or range_of(colours, counted, decoded.bits, rules.depth_range)
        met.add("depth")
        facts.append(f"depth: {_ends(low)} is black, {_ends(high)} is white ({colours.dtype.name})")
    if decoded.inverted:
        met.add("depth")
        facts.append("inverted: 0 is white")
    curves = decoded.curves
    if curves is not None and not curves.plain and not decoded.profile and not plain and np.ndim(low) == 0:
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
