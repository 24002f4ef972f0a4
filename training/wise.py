"""WiSE-FT (Wortsman et al. 2022): walk the line from the base's weights to the tuned ones, and stop where validation says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Choice:
    """``alpha`` 0 is the base, 1 the tuned model; ``curve`` holds (alpha, domain score, general score or None)."""

    alpha: float
    curve: list[tuple[float, float, float | None]]


def interpolated(base: State, tuned: State, alpha: float) -> State:
    """(1 - alpha) base + alpha tuned, tensor by tensor; integers are the tuned model's. Exact at both ends."""
    if alpha in (0.0, 1.0):
        return {name: (tuned if alpha else base)[name].clone() for name in tuned}
    return {
        name: torch.lerp(base[name], value, alpha) if value.is_floating_point() else value.clone()
        for name, value in tuned.items()
    }


def choose(
    measure: Callable[[float], tuple[float, float | None]],
    base_general: float | None,
    keep_loss: float,
    alphas: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4),
) -> Choice:
    """The alpha with the best domain score among those whose general score stays at (1 - keep_loss) of the base's or above.

    ``measure(alpha)`` gives both scores on validation pairs. Where no alpha keeps enough, the one that keeps most.
    """
    curve = [(alpha, *measure(alpha)) for alpha in alphas]
    floor = None if base_general is None else (1 - keep_loss) * base_general
    kept = [row for row in curve if floor is None or (row[2] is not None and row[2] >= floor)]
    best = max(kept, key=lambda row: row[1]) if kept else max(curve, key=lambda row: row[2] or 0.0)
    return Choice(best[0], curve)
