"""A running mean of the weights: the noise of single steps averages out of it."""

from __future__ import annotations

import torch

from .wise import State


class RunningAverage:
    """``mean`` after step t is decay mean + (1 - decay) weights, the share of old ones small at first: over t steps no
    longer memory than t is of use (Izmailov and others warm it up alike): min(decay, (1 + t) / (10 + t))."""

    def __init__(self, decay: float, weights: State) -> None:
        self._decay = decay
        self.steps = 0
        self.mean = {name: value.detach().clone() for name, value in weights.items()}

    @torch.no_grad()
    def update(self, weights: State) -> None:
        """Take in the weights after a step; what is no float is taken over as it is."""
        self.steps += 1
        kept = min(self._decay, (1 + self.steps) / (10 + self.steps))
        for name, value in weights.items():
            if value.is_floating_point():
                self.mean[name].lerp_(value, 1 - kept)
            else:
                self.mean[name].copy_(value)
