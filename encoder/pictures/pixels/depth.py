"""Values of any depth to 8 bits: which value becomes black, which white.

``used`` (the default): unsigned numbers by the fewest bits of 8, 10, 12, 14 and 16 that hold them, because cameras, satellites and
medical devices put 12 bits into 16; signed numbers, floats and what is larger by the range from their least to their greatest.
``full``: by all that their type can hold, or 0 to 1 of floats that lie there. ``p2-98``: from the 2nd to the 98th percentile, each
band by itself. In each of them a stray pixel decides nothing: at each end one value in a thousand may lie outside.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rules import DepthRange

DEPTHS = (8, 10, 12, 14, 16)
#: Of a thousand values, how many may lie beyond an end; of few hundred, one may.
STRAY, FEW = 1000, 256
#: Values looked at: of larger pictures every n-th in each direction, always the same.
LOOKED_AT = 1 << 22
_ROWS = 1 << 20  # values scaled at once, so that floats of a large scene take no second copy of it
Range = tuple[Any, Any]  # low and high: numbers, or one for each band


def range_of(values: NDArray[Any], valid: NDArray[np.bool_] | None, bits: int | None, how: DepthRange) -> Range:
    """What becomes 0 and what becomes 255: numbers, or (C,) float64 for ``p2-98``.

    values: (H, W, C), colours alone. valid: (H, W), what counts. bits: in use as the file says it, or None.
    """
    seen = _looked_at(values, valid)
    if seen.size == 0:
        return 0.0, 1.0
    whole = values.dtype.kind in "bui"
    if how == "p2-98":
        low, high = np.percentile(seen.astype(np.float64), (2, 98), axis=0)
        return low, np.maximum(high, low + (1 if whole else 1e-6))
    low, high = _ends(seen)
    if whole:
        if how == "full":
            return _full(values.dtype, bits)
        if bits is not None and values.dtype.kind == "u":
            return 0.0, float(2**bits - 1)
        fitting = [depth for depth in DEPTHS if high < 2**depth]
        if values.dtype.kind != "i" and fitting:
            return 0.0, float(2 ** fitting[0] - 1)
    elif how == "full" and low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + (1.0 if whole else max(1e-6, abs(low) * 1e-6))


def to_bytes(values: NDArray[Any], low: Any, high: Any) -> NDArray[np.uint8]:
    """(H, W, C) of any number type -> uint8: ``low`` 0, ``high`` 255, beyond them the same; not-a-number is 0."""
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if values.dtype == np.uint8 and (low == 0).all() and (high == 255).all():
        return values
    if low.ndim == 0 and values.dtype.kind in "ui" and values.dtype.itemsize <= 2:
        least, table = int(np.iinfo(values.dtype).min), _table(values.dtype, float(low), float(high))
        looked_up: NDArray[np.uint8] = table[values.astype(np.int32) - least] if least else table[values]
        return looked_up
    scaled = np.empty(values.shape, np.uint8)
    step = max(1, _ROWS // max(1, values[:1].size))
    for start in range(0, len(values), step):
        scaled[start : start + step] = _scaled(values[start : start + step].astype(np.float64), low, high)
    return scaled


@functools.lru_cache(maxsize=4)
def _table(dtype: np.dtype[Any], low: float, high: float) -> NDArray[np.uint8]:
    """What each value of a type of at most 16 bits becomes: bands of a scene share it."""
    limits = np.iinfo(dtype)
    return _scaled(np.arange(int(limits.min), int(limits.max) + 1, dtype=np.float64), low, high)


def _scaled(values: NDArray[np.float64], low: Any, high: Any) -> NDArray[np.uint8]:
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (values - low) * (255.0 / (high - low))
    shown = np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255).round()
    return np.asarray(shown, np.uint8)


def full_value(dtype: np.dtype[Any], bits: int | None) -> float:
    """The greatest value of the type, or of ``bits``; 1 of floats and of what is true or false."""
    if dtype.kind in "fb":
        return 1.0
    return float(2**bits - 1) if bits is not None else float(np.iinfo(dtype).max)


def _full(dtype: np.dtype[Any], bits: int | None) -> Range:
    if dtype.kind == "i":
        half = 2.0 ** ((bits or dtype.itemsize * 8) - 1)
        return -half, half - 1
    return 0.0, full_value(dtype, bits)


def step_of(size: int) -> int:
    """Of a picture of ``size`` values every how many-th is looked at, in each direction."""
    step = 1
    while size // (step * step) > LOOKED_AT:
        step += 1
    return step


def _looked_at(values: NDArray[Any], valid: NDArray[np.bool_] | None) -> NDArray[Any]:
    """(N, C): the pixels that count, of large pictures a part; those that are no number left out."""
    step = step_of(values.size)
    seen = values[::step, ::step]
    rows = seen.reshape(-1, seen.shape[2]) if valid is None else seen[valid[::step, ::step]]
    if rows.dtype.kind == "f" and not (finite := np.isfinite(rows).all(1)).all():
        rows = rows[finite]
    return rows


def _ends(seen: NDArray[Any]) -> tuple[float, float]:
    """The least and the greatest value of (N, C) but for strays: pixels, whatever their band."""
    allowed = max(len(seen) // STRAY, 1 if len(seen) >= FEW else 0)
    least, greatest = seen.min(1), seen.max(1)
    low = np.partition(least, allowed)[allowed]
    high = np.partition(greatest, len(greatest) - 1 - allowed)[len(greatest) - 1 - allowed]
    return float(low), float(high)
