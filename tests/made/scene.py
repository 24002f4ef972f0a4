"""The scene that is in every made picture, and what a made picture is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from clipseek.encoder.pictures.rules import Rules
from numpy.typing import NDArray

HEIGHT, WIDTH = 48, 64


@dataclass(frozen=True)
class Sample:
    """``make`` gives the file, ``shown`` (H, W, 3) uint8 what is seen; ``within``: the mean difference allowed, of 255.

    format: its name in the registry. native: Chromium shows it too, and its values use the whole range of their type.
    """

    name: str
    format: str
    make: Callable[[], bytes]
    shown: NDArray[np.uint8]
    rules: Rules = field(default_factory=Rules)
    within: float = 1.0
    native: bool = False


def grey() -> NDArray[np.uint8]:
    """(48, 64) uint8: a ramp from 0 to 255 to the right, a white field at the upper left, a black one below it."""
    values = np.tile(np.linspace(0, 255, WIDTH).round().astype(np.uint8), (HEIGHT, 1))
    values[4:16, 4:20] = 255
    values[30:40, 40:60] = 0
    return values


def colour() -> NDArray[np.uint8]:
    """(48, 64, 3) uint8: three ramps of different directions, with fields of plain colours."""
    across = np.tile(np.linspace(0, 255, WIDTH), (HEIGHT, 1))
    down = np.tile(np.linspace(0, 255, HEIGHT)[:, None], (1, WIDTH))
    values = np.stack([across, down, 255 - across], axis=-1).round().astype(np.uint8)
    values[4:16, 4:20] = (255, 255, 255)
    values[30:40, 40:60] = (255, 0, 0)
    values[20:26, 10:30] = (0, 0, 0)
    return values


def rgb(values: NDArray[Any]) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 3) -> (H, W, 3)."""
    return np.repeat(values[..., None], 3, axis=2) if values.ndim == 2 else values


def scaled(values: NDArray[np.uint8], low: float, high: float, kind: str) -> NDArray[Any]:
    """0 to 255 -> ``low`` to ``high``, as numbers of ``kind``."""
    found = values / 255 * (high - low) + low
    return found.astype(kind) if np.dtype(kind).kind == "f" else found.round().astype(kind)


def over(
    values: NDArray[np.uint8], alpha: NDArray[np.uint8], background: tuple[int, int, int] = (255, 255, 255)
) -> NDArray[np.uint8]:
    """``values`` of ``alpha`` on ``background``."""
    share = alpha[..., None] / 255
    return (rgb(values) * share + np.array(background) * (1 - share)).round().astype(np.uint8)
