"""A tower's weights made ready once for all parts of a batch.

A part's forward pass casts, scales and joins every weight, and its backward pass adds every gradient to the last one's in
float32: for parts of 64 pictures of the demo's model that is more than a third of their time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .forward import LayerWeights, Prepared, layer_weights
from .packed import with_packed
from .recall import Outputs


class SharedWeights:
    """Each layer's weights in ``dtype``, cut off from the parameters; the gradients that reach them are summed in float32,
    and ``settle`` passes the sums on to the parameters. What the MLPs gave for the first ``tokens`` of a batch is kept from
    the look to the learning. Good until the parameters move.
    """

    def __init__(self, tower: Any, dtype: torch.dtype, tokens: int) -> None:
        self._tower = tower
        count = len(tower.encoder.layers) - 1  # the last works for the pooled tokens only
        device = next(tower.parameters()).device
        self._outputs: Outputs | None = Outputs(count, tokens, tower.config.hidden_size, dtype, device)
        self._sums: dict[tuple[int, str], Tensor] = {}
        with torch.enable_grad():  # tells which of them learn, also for a look
            made = [layer_weights(layer, dtype) for layer in tower.encoder.layers]
        *layers, last = [
            {name: self._cut_off((at, name), value) for name, value in weights.items()}
            for at, weights in enumerate(made)
        ]
        # The last layer takes its weights in pieces.
        self._layers: list[LayerWeights] = [*(with_packed(weights) for weights in layers), last]

    def part(self, first: int, count: int, length: int) -> Prepared:
        """For a call with so many sequences, whose first token is number ``first`` of the batch's."""
        outputs = self._outputs.at(first, count, length) if self._outputs is not None else None
        return Prepared(self._layers, outputs)

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
        """Add what was summed to the parameters' gradients, and let go of what was kept: all parts have learnt."""
        self._outputs = None
        for at, layer in enumerate(self._tower.encoder.layers):
            made = layer_weights(layer, torch.float32)
            places = [(at, name) for name in made if (at, name) in self._sums]
            if places:
                torch.autograd.backward([made[name] for _, name in places], [self._sums.pop(place) for place in places])
