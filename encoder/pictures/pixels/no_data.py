"""Values that stand for nothing: the frame of a satellite scene, the holes of a height map, not-a-number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .depth import range_of

#: What is taken for "nothing here" without a tag takes at least this share of the pixels, and of the picture's edge.
LEAST_SHARE, EDGE_SHARE = 0.002, 0.2
#: Other values of a picture of which one value is taken for "nothing": of fewer it is a drawing.
OTHERS = 32
#: So many are looked for in one picture.
MOST_GUESSED = 3
_ROUNDING = 1e-6  # a tag is decimal text, of fewer digits than a float


def read_no_data(text: str) -> tuple[float, ...]:
    """Of GDAL's tag 42113, text: one number, by some writers one for each band; what is no number is left out."""
    found = []
    for part in text.replace("\0", " ").replace(",", " ").split():
        try:
            found.append(float(part))
        except ValueError:
            continue
    return tuple(found)


def missing(values: NDArray[Any], no_data: Sequence[float]) -> NDArray[np.bool_]:
    """(H, W, C) bool, True where a band of ``values`` stands for nothing."""
    found = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, np.bool_)
    for value in no_data:
        found |= _equal(values, value)
    return found


def all_guessed(values: NDArray[Any], edge: NDArray[Any], no_data: Sequence[float]) -> tuple[float, ...]:
    """What stands for nothing beside ``no_data``: a scene that was put together from others has several such values.

    values: (H, W, C), of large pictures a part (``survey.py``). edge: (N, C), all of the picture's edge.
    """
    found: list[float] = []
    left, border = values, edge
    while len(found) < MOST_GUESSED:
        if known := (*no_data, *found):
            if values.dtype.kind != "f":
                break  # of whole numbers one, the type's least or greatest, is what programs write
            left, border = (np.where(missing(some, known), some.dtype.type(np.nan), some) for some in (values, edge))
        one = guessed(left, border)
        if one is None:
            break
        found.append(one)
    return tuple(found)


def guessed(values: NDArray[Any], edge: NDArray[Any]) -> float | None:
    """The value that stands for nothing in a picture that names none, as ``all_guessed`` takes it: the least or the greatest,
    in all bands alike, that lies further from all others than these lie apart, fills a part of the picture and of its edge, in a
    picture of many other values. Of whole numbers that are never negative only their type's greatest.
    """
    if values.dtype.kind not in "iuf" or values.dtype.itemsize < 2:
        return None
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if finite.size == 0:
        return None
    for end in (finite.min(), finite.max()):
        if values.dtype.kind == "u" and end != np.iinfo(values.dtype).max:
            continue
        if float((edge == end).all(-1).mean()) >= EDGE_SHARE and _far_from_others(values, (values == end).all(2), end):
            return float(end)
    return None


def _far_from_others(values: NDArray[Any], here: NDArray[np.bool_], end: Any) -> bool:
    if here.mean() < LEAST_SHARE or here.all():
        return False
    others = values[~here]
    if len(np.unique(others.reshape(-1)[: 1 << 16])) < OTHERS:
        return False
    low, high = (float(number) for number in range_of(others[None], None, None, "used"))
    if values.dtype.kind == "u":
        return high <= 2**14 - 1  # 14 bits or fewer beside 65535
    return min(abs(float(end) - low), abs(float(end) - high)) > high - low


def _equal(values: NDArray[Any], value: float) -> NDArray[np.bool_]:
    if np.isnan(value):
        return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, np.bool_)
    if values.dtype.kind != "f":
        limits = np.iinfo(values.dtype) if values.dtype.kind != "b" else None
        if limits is None or value != int(value) or not limits.min <= value <= limits.max:
            return np.zeros(values.shape, np.bool_)
        return np.asarray(values == int(value))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.abs(values.astype(np.float64) - value) <= abs(value) * _ROUNDING)
