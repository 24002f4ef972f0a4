"""A layer's MLP whose output is known from a look before: learning from it needs the half up to its activation only.

A third of a layer's products is the MLP's last one; of all that a look makes it is the dearest for its size. What stands
between it and the attention is made when the gradient comes, so that a tower's graph holds no layer's widest tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


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


def recalled(
    hidden: Tensor, kept: Tensor, second: Tensor, second_bias: Tensor, inner: Callable[..., Tensor], *weights: Tensor
) -> Tensor:
    """``kept``, (..., out), known to be ``inner(hidden, *weights)``, (..., in), by ``second`` (out, in) plus ``second_bias``:
    with that graph behind it, whose inside is made when its gradient comes."""
    made: Tensor = _Recalled.apply(inner, kept, second, second_bias, hidden, *weights)
    return made


class _Recalled(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        inner: Callable[..., Tensor],
        kept: Tensor,
        second: Tensor,
        second_bias: Tensor,
        *inputs: Tensor,
    ) -> Tensor:
        ctx.inner = inner
        ctx.save_for_backward(second, *inputs)
        return kept.view_as(kept)

    @staticmethod
    def backward(ctx: Any, *reached: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = reached
        second, *saved = ctx.saved_tensors
        _, _, second_asked, bias_asked, *asked = ctx.needs_input_grad
        with torch.enable_grad():
            inputs = [one.detach().requires_grad_(wanted) for one, wanted in zip(saved, asked, strict=True)]
            inner = ctx.inner(*inputs)
        flat = gradient.flatten(0, -2)
        second_gradient = flat.t() @ inner.detach().flatten(0, -2) if second_asked else None
        bias_gradient = flat.sum(0) if bias_asked else None
        found: list[Tensor | None] = [None] * len(inputs)
        if inner.requires_grad:
            wanted = [at for at, one in enumerate(inputs) if one.requires_grad]
            pushed = torch.autograd.grad(inner, [inputs[at] for at in wanted], gradient @ second)
            for at, one in zip(wanted, pushed, strict=True):
                found[at] = one
        return None, None, second_gradient, bias_gradient, *found
