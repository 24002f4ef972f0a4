"""Weights by name: copied, averaged over the steps of a run, and interpolated between the base model and the fine-tuned one.

Interpolation is WiSE-FT (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"): validation chooses how far to go from
the base's weights to the fine-tuned ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Weights = dict[str, Tensor]
HALVINGS = 2  # of a step of a tenth: the general score moves by about .02 over one, and by .005 over a quarter of it


def copied(weights: Weights) -> Weights:
    """The same values in memory of their own."""
    return {name: value.detach().clone() for name, value in weights.items()}


class MovingAverage:
    """An exponential moving average: ``mean`` after step t is d mean + (1 - d) weights.

    d is ``decay``, at first less, min(decay, (1 + t) / (10 + t)), so that the initial weights are soon forgotten.
    """

    def __init__(self, decay: float, weights: Weights) -> None:
        self._decay = decay
        self.steps = 0
        self.mean = copied(weights)

    @torch.no_grad()
    def update(self, weights: Weights) -> None:
        """Take in the weights after a step; what is no float is copied."""
        self.steps += 1
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        for name, value in weights.items():
            if value.is_floating_point():
                self.mean[name].lerp_(value, 1 - decay)
            else:
                self.mean[name].copy_(value)

    def state_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What ``state_dict`` gave."""
        self.mean, self.steps = state["mean"], state["steps"]


@dataclass(frozen=True)
class Interpolation:
    """``alpha`` 0 is the base, 1 the fine-tuned model; ``curve`` holds (alpha, domain score, general score or None)."""

    alpha: float
    curve: list[tuple[float, float, float | None]]


def interpolated(base: Weights, fine_tuned: Weights, alpha: float) -> Weights:
    """(1 - alpha) base + alpha fine_tuned, tensor by tensor, copied; integers are the fine_tuned model's. Exact at both ends."""
    if alpha in (0.0, 1.0):
        return {name: (fine_tuned if alpha else base)[name].clone() for name in fine_tuned}
    return {
        name: torch.lerp(base[name], value, alpha) if value.is_floating_point() else value.clone()
        for name, value in fine_tuned.items()
    }


def choose_alpha(
    measure: Callable[[float], tuple[float, float | None]],
    base_general: float | None,
    keep_loss: float,
    alphas: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2),
) -> Interpolation:
    """The alpha with the best domain score among those whose general score stays at (1 - keep_loss) of the base's or above.

    ``measure(alpha)`` gives (domain, general) scores on validation pairs. From the fine-tuned end downwards the general score
    rises, and the domain score first rises a little and then falls: so the search ends at the first fall among alphas that
    keep enough. Where none does, the alpha that keeps most. Where the general score is what stopped a larger alpha, the step
    between the two is halved HALVINGS times: runs that differ by little are to end with models that differ by little.
    """
    floor = None if base_general is None else (1 - keep_loss) * base_general
    curve: list[tuple[float, float, float | None]] = []

    def scored(alpha: float) -> tuple[float, bool]:
        """The domain score, and whether the general one is kept."""
        domain, general = measure(alpha)
        curve.append((alpha, domain, general))
        return domain, floor is None or (general is not None and general >= floor)

    best: tuple[float, float] | None = None  # alpha, domain score
    loses: float | None = None  # the alpha above the best, where it keeps too little
    for alpha in alphas:
        domain, kept = scored(alpha)
        if not kept:
            loses = alpha if best is None else loses
            continue
        if best is not None:
            if domain < best[1]:
                break
            loses = None
        best = (alpha, domain)
    if best is None:
        return Interpolation(max(curve, key=lambda row: row[2] or 0.0)[0], curve)
    for _ in range(HALVINGS):
        if loses is None:
            break
        alpha = (best[0] + loses) / 2
        domain, kept = scored(alpha)
        if kept and domain >= best[1]:
            best = (alpha, domain)
        else:
            loses = alpha
    return Interpolation(best[0], curve)
