"""A layer's MLP whose output is known from a look before: learning from it needs the half up to its activation only.

A third of a layer's products is the MLP's last one; of all that a look makes it is the dearest for its size. What stands
between it and the attention is made when the gradient comes, so that a tower's graph holds no layer's widest tensors.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .packed import own_gradients, product


class Outputs:
    """What the MLPs of a tower's layers, all but the last, gave: (layers, tokens, H), one after another as they were seen."""

    def __init__(self, layers: int, tokens: int, width: int, dtype: torch.dtype, device: torch.device) -> None:
        self._kept = [torch.empty(tokens, width, dtype=dtype, device=device) for _ in range(layers)]
        self._tokens = tokens

    def at(self, first: int, count: int, length: int) -> list[Tensor] | None:
        """By layer the place, (count, length, H), of so many sequences whose first token is number ``first``; None where that
        is beyond ``tokens``."""
        if first + count * length > self._tokens:
            return None
        return [kept[first : first + count * length].unflatten(0, (count, length)) for kept in self._kept]


def recalled(hidden: Tensor, norm: nn.LayerNorm, weights: dict[str, Tensor], quick: bool, kept: Tensor) -> Tensor:
    """``kept``, (..., H) in the products' type, known to be the MLP of ``norm(hidden)``, (..., H) float32, with that graph behind
    it; ``weights`` of ``layer_weights``, silu or, not ``quick``, gelu between them."""
    own = (weights["first"], weights["first_bias"], weights["second"], weights["second_bias"])
    made: Tensor = _Recalled.apply((weights, norm.eps, quick), kept, hidden, norm.weight, norm.bias, *own)
    return made


class _Recalled(torch.autograd.Function):
    """By hand, because each of the wide tensors can go as soon as the next is made."""

    @staticmethod
    def forward(ctx: Any, said: tuple[dict[str, Tensor], float, bool], kept: Tensor, *inputs: Tensor) -> Tensor:
        ctx.said = said
        ctx.save_for_backward(*inputs)
        return kept.view_as(kept)

    @staticmethod
    def backward(ctx: Any, *reached: Tensor) -> tuple[Tensor | None, ...]:
        weights, eps, quick = ctx.said
        hidden, scale, shift, first, _, second, _ = ctx.saved_tensors
        asked = ctx.needs_input_grad[2:]
        normed, mean, deviation = torch.native_layer_norm(hidden, scale.shape, scale, shift, eps)
        seen = normed.to(second.dtype)
        del normed
        before = product(seen, weights, "first")
        inner = functional.silu(before) if quick else functional.gelu(before)
        of_second = own_gradients(reached[0], inner, asked[5], asked[6])
        del inner
        backward = torch.ops.aten.silu_backward if quick else torch.ops.aten.gelu_backward
        wide = (reached[0] @ second).contiguous()
        backward.grad_input(wide, before, grad_input=wide)
        del before
        of_first = own_gradients(wide, seen, asked[3], asked[4])
        back = (wide @ first).float() if any(asked[:3]) else None
        del wide
        below: tuple[Tensor | None, ...] = (None, None, None)
        if back is not None:
            below = torch.ops.aten.native_layer_norm_backward(
                back, hidden, scale.shape, mean, deviation, scale, shift, list(asked[:3])
            )
        return None, None, *below, *of_first, *of_second
