"""Gradient caching (Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup"): the
vectors of a batch part by part, and their gradients pushed on part by part.

The two towers take turns, so that only one of them holds what its backward pass needs. Captions, which mostly hold less
than pictures, take twice as many to a part, parted by length. What the first look finds between the layers, and is dear to
find again, is kept (recall.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.augment import Views
from ..model.checkpoint import Checkpoint, rounded_length
from ..model.shared_weights import SharedWeights

WIDER = 2  # captions shorter than a picture's patches hold less than half of a part's memory
# What is kept of so many parts takes about the memory of one part's graph; so a step's memory is a part's at any batch.
KEPT_PARTS = 16


class Side(Protocol):
    """One tower's rows of a batch in ``parts``, (n,) int64 each; a single part learns from its first look."""

    parts: list[Tensor]

    def encode(self, rows: Tensor) -> Tensor:
        """(n, D) float32 unit rows."""
        ...

    def settle(self) -> None:
        """All parts have learnt: pass on to the parameters what was summed apart."""
        ...


@dataclass
class Seen:
    """``vectors`` (N, D), no graph behind them; ``single`` the same with theirs, where the side has one part."""

    vectors: Tensor
    single: Tensor | None


def look(side: Side) -> Seen:
    """All vectors of a side, in the memory of one part."""
    if len(side.parts) == 1:
        single = side.encode(side.parts[0])
        return Seen(single.detach(), single)
    with torch.no_grad():
        joined = torch.cat([side.encode(rows) for rows in side.parts])
    order = torch.cat(side.parts).to(joined.device)
    return Seen(torch.empty_like(joined).index_copy(0, order, joined), None)


def push(side: Side, seen: Seen, gradient: Tensor) -> None:
    """Push the vectors' gradient, (N, D), on into the weights; a locked tower has none to take it."""
    if seen.single is not None:
        if seen.single.requires_grad:
            seen.single.backward(gradient)
        return
    for rows in side.parts:
        vectors = side.encode(rows)
        if not vectors.requires_grad:
            break
        vectors.backward(gradient[rows])
    side.settle()


class Pictures:
    """``pixels`` (N, S, S, 3) uint8; ``views`` how each is seen, this side's from place ``first`` on."""

    def __init__(
        self, checkpoint: Checkpoint, precision: str, pixels: Tensor, size: int, views: Views | None, first: int
    ) -> None:
        self._checkpoint, self._precision, self._pixels = checkpoint, precision, pixels
        self._views, self._first = views, first
        self.parts = list(torch.arange(len(pixels)).split(size))
        self._length = checkpoint.patches + 1  # in tokens
        kept = min(len(pixels), KEPT_PARTS * size) * self._length
        self._shared = checkpoint.shared_weights("vision", precision, kept) if len(self.parts) > 1 else None

    def encode(self, rows: Tensor) -> Tensor:
        start, stop = int(rows[0]), int(rows[-1]) + 1  # parts are runs of rows
        pixels = self._pixels[start:stop].to(self._checkpoint.model.device, non_blocking=True)
        seen = pixels.permute(0, 3, 1, 2).float() / 255
        if self._views is not None:
            seen = self._views.of(seen, self._first + start)
        prepared = None
        if self._shared is not None:
            prepared = self._shared.part(start * self._length, stop - start, self._length)
        return self._checkpoint.encode_pixels(seen, self._precision, prepared)

    def settle(self) -> None:
        if self._shared is not None:
            self._shared.settle()


class Captions:
    """``tokens``: input_ids and attention_mask, (N, L) int64. ``size``: pictures in a part."""

    def __init__(self, checkpoint: Checkpoint, precision: str, tokens: dict[str, Tensor], size: int) -> None:
        self._checkpoint, self._precision, self._tokens = checkpoint, precision, tokens
        self._lengths = tokens["attention_mask"].sum(1)
        self._shared: SharedWeights | None = None
        self._first: dict[int, int] = {}
        self.parts = [torch.arange(len(self._lengths))]
        if len(self._lengths) > size:
            short = int(self._lengths.max()) <= checkpoint.patches
            # Parts of one size: of many sizes the allocator would keep more than the widest holds.
            self.parts = list(torch.argsort(self._lengths, stable=True).split(WIDER * size if short else size))
        if len(self.parts) > 1:
            sizes = [len(rows) * self._longest(rows) for rows in self.parts]
            self._first = {int(rows[0]): sum(sizes[:at]) for at, rows in enumerate(self.parts)}
            self._shared = checkpoint.shared_weights("text", precision, sum(sizes[:KEPT_PARTS]))

    def _longest(self, rows: Tensor) -> int:
        return rounded_length(self._lengths[rows], self._tokens["attention_mask"].shape[1])

    def encode(self, rows: Tensor) -> Tensor:
        if len(self.parts) == 1:
            return self._checkpoint.encode_tokens(self._tokens, self._precision)
        longest = self._longest(rows)
        tokens = {name: values[rows, :longest] for name, values in self._tokens.items()}
        prepared = None
        if self._shared is not None:
            prepared = self._shared.part(self._first[int(rows[0])], len(rows), longest)
        embedded = self._checkpoint.embed_tokens(tokens, at_once=True)
        return self._checkpoint.encode_tokens(tokens, self._precision, embedded, prepared)

    def settle(self) -> None:
        if self._shared is not None:
            self._shared.settle()


class Pooled:
    """A locked tower's outputs, (N, H) float32, under the projection that learns."""

    def __init__(self, pooled: Tensor, projection: nn.Linear, size: int) -> None:
        self._pooled, self._projection = pooled, projection
        self.parts = list(torch.arange(len(pooled)).split(size))

    def encode(self, rows: Tensor) -> Tensor:
        pooled = self._pooled[rows].to(self._projection.weight.device, non_blocking=True)
        return functional.normalize(self._projection(pooled), dim=-1)

    def settle(self) -> None:
        pass  # its one parameter takes its gradients itself
