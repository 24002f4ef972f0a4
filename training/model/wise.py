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
    alphas: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2),
) -> Choice:
    """The alpha with the best domain score among those whose general score stays at (1 - keep_loss) of the base's or above.

    ``measure(alpha)`` gives (domain, general) scores on validation pairs. Going down from the tuned end, the general
    score rises, and the domain score first rises a little and then falls: so the walk ends at the first fall among alphas
    that keep enough. Where none does, the alpha that keeps most.
    """
    floor = None if base_general is None else (1 - keep_loss) * base_general
    curve: list[tuple[float, float, float | None]] = []
    best: tuple[float, float] | None = None  # alpha, domain score
    for alpha in alphas:
        domain, general = measure(alpha)
        curve.append((alpha, domain, general))
        if floor is not None and (general is None or general < floor):
            continue
        if best is not None and domain < best[1]:
            break
        best = (alpha, domain)
    if best is None:
        best = max(curve, key=lambda row: row[2] or 0.0)[:2]
    return Choice(best[0], curve)
