"""What all of a picture decides before any of it is painted: the values that stand for nothing, which is black and which white.

A large picture comes in bands of rows. Of more than four million values every n-th is looked at in each direction, always the
same ones, and all of its edge: a picture in one piece and the same one in bands are judged alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ImageError
from ..rules import Rules
from .decoded import BANDS, Decoded
from .depth import full_value, range_of, step_of, to_bytes
from .no_data import all_guessed, missing
from .transparency import keyed, opacity, straight


@dataclass(frozen=True)
class Scale:
    """``low`` becomes 0 and ``high`` 255: numbers, or one for each band; None where values are shown as they are. ``guessed``:
    values that stand for nothing, besides those that the file names."""

    low: Any = None
    high: Any = None
    guessed: tuple[float, ...] = ()


def check(decoded: Decoded) -> None:
    """Raise ImageError where ``decoded`` is no picture: no pixel, bands that do not fit."""
    values = decoded.values
    wanted = BANDS[decoded.space] + (decoded.alpha != "none")
    if values.ndim != 3 or 0 in values.shape or values.shape[2] != wanted:
        raise ImageError(f"its values have the shape {values.shape}, which is no picture in {decoded.space}")


def is_plain(decoded: Decoded) -> bool:
    """Whether its values are shown as they are."""
    kind = decoded.values.dtype
    plain = kind == np.uint8 and decoded.bits in (None, 8) and decoded.window is None
    return plain or kind == np.bool_ or decoded.space == "lab"


def scale_of(bands: Iterable[Decoded], height: int, rules: Rules) -> Scale:
    """Of a picture of ``height`` rows, given as one piece or in bands from its top. Of bands whose first says all, no other is
    asked for."""
    seen, edges, top, step = list[Decoded](), list[NDArray[Any]](), 0, 1
    for band in bands:
        check(band)
        values = band.values
        if not seen:
            if is_plain(band) and (values.dtype.itemsize == 1 or band.window is not None):
                return Scale()
            if band.window is not None:
                return Scale(*band.window)
            step = step_of(height * values.shape[1] * BANDS[band.space])
        rows = slice(-top % step, None, step), slice(None, None, step)
        valid = None if band.valid is None else band.valid[rows].copy()
        seen.append(replace(band, values=values[rows].copy(), valid=valid))
        bottom = top + len(values)
        inner = values[top == 0 : len(values) - (bottom == height)]
        edges += [values[0].copy()] if top == 0 else []
        edges += [inner[:, 0].copy(), inner[:, -1].copy(), *([values[-1].copy()] if bottom == height else [])]
        top = bottom
    masks = [part.valid for part in seen if part.valid is not None]
    looked_at = replace(
        seen[0],
        values=np.concatenate([part.values for part in seen]),
        valid=np.concatenate(masks) if masks else None,
    )
    return _scale(looked_at, np.concatenate(edges), rules)


def colours_of(decoded: Decoded, values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """(..., C) ``values`` as colours, not premultiplied, and their alpha."""
    bands = BANDS[decoded.space]
    if decoded.alpha == "none":
        return values, None
    colours, alpha = values[..., :bands], values[..., bands]
    if decoded.alpha == "premultiplied":
        colours = straight(colours, alpha, full_value(values.dtype, decoded.bits))
    return colours, alpha


def recorded(
    decoded: Decoded, colours: NDArray[Any], guessed: tuple[float, ...]
) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """(H, W), False where no band was recorded, and False where one was not, which decides no range; None where all were."""
    valid, whole, no_data = decoded.valid, None, (*decoded.no_data, *guessed)
    if no_data or colours.dtype.kind == "f":
        lacking = missing(colours, no_data)
        nothing, part = np.asarray(lacking.all(2)), np.asarray(lacking.any(2))
        if nothing.any():
            valid = ~nothing if valid is None else valid & ~nothing
        if part.any():
            whole = ~part
    return valid, whole


def shown_share(
    decoded: Decoded, colours: NDArray[Any], alpha: NDArray[Any] | None, valid: NDArray[np.bool_] | None
) -> Image.Image | None:
    """How much of each pixel is shown, an L picture; None where all of it is."""
    parts: list[NDArray[Any]] = []
    if alpha is not None:
        parts.append(to_bytes(alpha[..., None], 0.0, full_value(alpha.dtype, decoded.bits))[..., 0])
    if decoded.transparent is not None:
        parts.append(~keyed(colours, decoded.transparent))
    if valid is not None:
        parts.append(valid)
    return opacity((colours.shape[0], colours.shape[1]), parts)


def _scale(decoded: Decoded, edge: NDArray[Any], rules: Rules) -> Scale:
    colours, alpha = colours_of(decoded, decoded.values)
    guessed: tuple[float, ...] = ()
    if decoded.valid is None and decoded.bits is None:
        border, _ = colours_of(decoded, edge[None])
        guessed = all_guessed(colours, border[0], decoded.no_data)
    if is_plain(decoded):
        return Scale(guessed=guessed)
    valid, whole = recorded(decoded, colours, guessed)
    opaque = shown_share(decoded, colours, alpha, valid)
    counted = None if opaque is None else np.asarray(opaque) > 0
    if whole is not None and whole.any():
        counted = whole if counted is None else counted & whole
    return Scale(*range_of(colours, counted, decoded.bits, rules.depth_range), guessed)
