"""How values become light where no ICC profile says it: PNG's gAMA and cHRM, and the code points of cICP (ITU-T H.273).

Values become light by their curve, light of their primaries light of sRGB's, and that sRGB's values, in floats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: x and y of red, green, blue and white.
Primaries = tuple[float, float, float, float, float, float, float, float]
_D65 = (0.3127, 0.329)
SRGB: Primaries = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
#: H.273 table 2, by code point.
PRIMARIES: dict[int, Primaries] = {
    1: SRGB,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65),
    7: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351),
    12: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, *_D65),
}
#: Nits of what is shown as white in HDR (ITU-R BT.2408), and of PQ's greatest value.
_WHITE, _PQ_PEAK = 203.0, 10_000.0
_LEAST_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class Curves:
    """gamma: the power by which values become light (1 over PNG's gAMA). transfer: H.273's transfer code instead; None of both:
    sRGB's. primaries: None are sRGB's.
    """

    gamma: float | None = None
    transfer: int | None = None
    primaries: Primaries | None = None

    @property
    def plain(self) -> bool:
        """Whether values are sRGB's already."""
        near = self.primaries is None or max(np.abs(np.subtract(self.primaries, SRGB))) <= 0.002
        return near and self.gamma is None and self.transfer in (None, 1, 6, 13, 14, 15)

    @property
    def known(self) -> bool:
        """Whether there is a formula for it."""
        return self.transfer is None or self.transfer in _TRANSFERS

    def to_srgb(self, values: Floats) -> Floats:
        """(..., 3) of 0..1 -> sRGB's values, 0..1; light beyond its range is cut."""
        light = self._light(values)
        if self.primaries is not None:
            light = light @ _to_xyz(self.primaries).T @ np.linalg.inv(_to_xyz(SRGB, self.primaries)).T
        return _encoded(light.clip(0, 1))

    def _light(self, values: Floats) -> Floats:
        if self.gamma is not None:
            return values.clip(0, 1) ** self.gamma
        return _TRANSFERS[self.transfer or 13](values.clip(0, 1))


def _to_xyz(primaries: Primaries, white_of: Primaries | None = None) -> Floats:
    """(3, 3): light of these primaries to XYZ (brucelindbloom.com, RGB/XYZ matrices); ``white_of`` lends its white, so that white
    stays white."""
    xy = np.array(primaries, np.float64).reshape(4, 2)
    if white_of is not None:
        xy[3] = white_of[6:]
    xyz = np.column_stack([xy[:, 0] / xy[:, 1], np.ones(4), (1 - xy.sum(1)) / xy[:, 1]])
    columns = xyz[:3].T
    scaled: Floats = columns * np.linalg.solve(columns, xyz[3])
    return scaled


def _encoded(light: Floats) -> Floats:
    return np.asarray(np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055), np.float64)


def _srgb(values: Floats) -> Floats:
    return np.asarray(np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4), np.float64)


def _pq(values: Floats) -> Floats:
    """SMPTE ST 2084, to light of which 1 is white."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = values ** (1 / m2)
    return (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1) * (_PQ_PEAK / _WHITE)


def _hlg(values: Floats) -> Floats:
    """ARIB STD-B67, to light of which 1 is white at three quarters of the signal."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    return np.asarray(scene / ((np.exp((0.75 - c) / a) + b) / 12), np.float64)


_TRANSFERS: dict[int, Callable[[Floats], Floats]] = {
    1: _srgb,  # BT.709's own curve is a camera's; it is shown by sRGB's, as browsers do
    4: lambda values: values**2.2,
    5: lambda values: values**2.8,
    6: _srgb,
    8: lambda values: values,
    13: _srgb,
    14: _srgb,
    15: _srgb,
    16: _pq,
    18: _hlg,
}
