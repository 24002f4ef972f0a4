"""A tower's weights made ready once for all parts of a batch.

A part's forward pass casts, scales and joins every weight, and its backward pass adds every gradient to the last one's in
float32: for parts of 64 pictures of the demo's model that is more than a third of their time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .forward import LayerWeights, layer_weights
from .packed import packed


class SharedWeights:
    """Each layer's weights in ``dtype``, cut off from the parameters; the gradients that reach them are summed in float32,
    and ``settle`` passes the sums on to the parameters. Good until the parameters move.
    """

    def __init__(self, tower: Any, dtype: torch.dtype) -> None:
        self._tower = tower
        self._sums: dict[tuple[int, str], Tensor] = {}
        with torch.enable_grad():  # tells which of them learn, also where nothing is learnt from at first
            made = [layer_weights(layer, dtype) for layer in tower.encoder.layers]
        self._learning: list[LayerWeights] = [
            {name: self._cut_off((at, name), value) for name, value in weights.items()}
            for at, weights in enumerate(made)
        ]
        self._looking: list[LayerWeights] | None = None

    @property
    def layers(self) -> list[LayerWeights]:
        """By layer; without a graph in the order that makes the fastest products, let go when learning begins."""
        if torch.is_grad_enabled():
            self._looking = None
            return self._learning
        if self._looking is None:
            *layers, last = self._learning  # the last layer takes its weights in pieces
            self._looking = [*(packed(weights) for weights in layers), last]
        return self._looking

    def _cut_off(self, place: tuple[int, str], value: Tensor) -> Tensor:
        leaf = value.detach().requires_grad_(value.requires_grad)
        sums = self._sums  # not self: torch holds a hook where the garbage collector sees no circle, and never lets go

        def take(reached: Tensor) -> None:
            assert reached.grad is not None
            if place in sums:
                sums[place] += reached.grad
            else:
                sums[place] = reached.grad.float()
            reached.grad = None

        if leaf.requires_grad:
            leaf.register_post_accumulate_grad_hook(take)
        return leaf

    def settle(self) -> None:
        """Add what was summed to the parameters' gradients, and begin anew."""
        for at, layer in enumerate(self._tower.encoder.layers):
            made = layer_weights(layer, torch.float32)
            places = [(at, name) for name in made if (at, name) in self._sums]
            if places:
                torch.autograd.backward([made[name] for _, name in places], [self._sums.pop(place) for place in places])
