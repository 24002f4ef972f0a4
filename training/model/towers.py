"""A CLIP's two towers as everything else here sees them, and the one door to the two ways of computing them.

A tower takes its input to a pooled vector; a projection takes that to the space that both towers share. ``towers_of`` gives
the quick forward pass of ``forward.py`` to models that it knows, transformers' own to all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import forward

if TYPE_CHECKING:
    from transformers import CLIPModel

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_GROUPS, _LEAST = 4, 16  # at most so many groups of captions of like length, of at least so many captions

#: What ``Checkpoint.tokenize`` gives: input_ids and attention_mask, (N, L) int64.
Tokens = dict[str, Tensor]


class Towers:
    """Two towers of one model, on its device, by transformers' own forward pass: for models with adapters or parts of another
    kind, and to test the quick one by. ``precision`` is the compute dtype of matrix products, fp32 or bf16."""

    def __init__(self, model: CLIPModel, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        self._model, self._device = model, model.device
        self._mean, self._std = (torch.tensor(values, device=self._device) for values in (mean, std))

    def pool_pixels(self, pixels: Tensor, precision: str) -> Tensor:
        """(N, 3, S, S) float in 0..1 -> (N, H) float32, the image tower's pooled output."""
        normal = (pixels - self._mean.view(1, 3, 1, 1)) / self._std.view(1, 3, 1, 1)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=precision == "bf16"):
            pooled: Tensor = self._model.vision_model(pixel_values=normal).pooler_output
        return pooled.float()

    def pool_tokens(self, tokens: Tokens, precision: str) -> Tensor:
        """Captions padded behind their end tokens -> (N, H') float32, the text tower's pooled output."""
        moved = {name: values.to(self._device, non_blocking=True) for name, values in tokens.items()}
        with torch.autocast(self._device.type, torch.bfloat16, enabled=precision == "bf16"):
            pooled: Tensor = self._model.text_model(**moved).pooler_output
        return pooled.float()


class _QuickTowers(Towers):
    """The forward pass of ``forward.py``; on a CPU it computes short captions apart from long ones, to save padding."""

    def pool_pixels(self, pixels: Tensor, precision: str) -> Tensor:
        return forward.pooled_pixels(self._model, pixels, self._mean, self._std, _DTYPES[precision])

    def pool_tokens(self, tokens: Tokens, precision: str) -> Tensor:
        model, dtype = self._model, _DTYPES[precision]
        ids, mask = tokens["input_ids"].to(self._device, non_blocking=True), tokens["attention_mask"]
        # One look-up for all groups: the gradient of each is as large as the table.
        embedded = model.text_model.embeddings.token_embedding(ids)
        groups = _by_length(mask) if self._device.type == "cpu" else {ids.shape[1]: torch.arange(len(ids))}
        if len(groups) == 1:
            (longest,) = groups
            return forward.pooled_tokens(model, ids[:, :longest], dtype, embedded[:, :longest])
        pooled = torch.cat(
            [
                forward.pooled_tokens(model, ids[rows, :longest], dtype, embedded[rows, :longest])
                for longest, rows in groups.items()
            ]
        )
        return torch.empty_like(pooled).index_copy(0, torch.cat(list(groups.values())), pooled)


def towers_of(model: CLIPModel, mean: tuple[float, ...], std: tuple[float, ...]) -> Towers:
    """The towers of ``model``, whose pixels are normalised by ``mean`` and ``std`` (3,)."""
    return (_QuickTowers if forward.supports(model) else Towers)(model, mean, std)


def project(pooled: Tensor, projection: nn.Linear) -> Tensor:
    """(N, H) float32, a tower's pooled output, by its projection -> (N, D) float32 unit rows."""
    return functional.normalize(functional.linear(pooled, projection.weight), dim=-1)


def _by_length(mask: Tensor) -> dict[int, Tensor]:
    """Length in tokens -> the rows of (N, L) captions that are computed at this length; few captions stay together."""
    lengths, width = mask.sum(1), mask.shape[1]
    count = min(_GROUPS, len(mask) // _LEAST)
    if count < 2:
        return {width: torch.arange(len(mask))}
    # Neighbours of one length stay together: small products cost more than they save.
    chunks: dict[int, list[Tensor]] = {}
    for rows in torch.argsort(lengths).chunk(count):
        chunks.setdefault(rounded_length(lengths[rows], width), []).append(rows)
    return {length: torch.cat(rows) for length, rows in chunks.items()}


def rounded_length(lengths: Tensor, limit: int) -> int:
    """The greatest of ``lengths``, up to the next multiple of 4: each new shape costs the CPU's kernels a preparation."""
    return min(limit, -(-int(lengths.max()) // 4) * 4)
