"""Gradient caching (Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup"): the loss of a
whole batch in the memory of one micro-batch.

(1) ``embed_without_graph`` encodes every micro-batch of a tower; (2) the learner computes the loss of all vectors and its
gradient by each vector; (3) ``backward`` encodes every micro-batch again, with a graph, and takes the vectors' gradients on
to the weights. The towers take turns, so that only one of them holds what its backward pass needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from ..data.augment import Views
from ..model.checkpoint import Checkpoint
from ..model.towers import Tokens, project, rounded_length


class TowerBatch(Protocol):
    """One tower's N rows of a batch. ``micro_batches``: (n,) int64 row numbers each; every row is in one of them."""

    micro_batches: list[Tensor]

    def encode(self, rows: Tensor) -> Tensor:
        """The rows of a micro-batch -> (n, D) float32 unit rows."""
        ...


@dataclass
class Embedded:
    """``vectors`` (N, D), without a graph; ``graph``: the same with theirs, where all rows are one micro-batch."""

    vectors: Tensor
    graph: Tensor | None


def embed_without_graph(batch: TowerBatch) -> Embedded:
    """All vectors of a tower, in the memory of one micro-batch. A single micro-batch keeps its graph for ``backward``."""
    if len(batch.micro_batches) == 1:
        graph = batch.encode(batch.micro_batches[0])
        return Embedded(graph.detach(), graph)
    with torch.no_grad():
        vectors = torch.cat([batch.encode(rows) for rows in batch.micro_batches])
    order = torch.cat(batch.micro_batches).to(vectors.device)
    return Embedded(torch.empty_like(vectors).index_copy(0, order, vectors), None)


def backward(batch: TowerBatch, embedded: Embedded, gradient: Tensor) -> None:
    """Add the weights' gradients, given the vectors', (N, D). A locked tower has no weights that need one."""
    if embedded.graph is not None:
        if embedded.graph.requires_grad:
            embedded.graph.backward(gradient)
        return
    for rows in batch.micro_batches:
        vectors = batch.encode(rows)
        if not vectors.requires_grad:
            return
        vectors.backward(gradient[rows])


class PictureBatch:
    """``pixels`` (N, S, S, 3) uint8; ``views`` of the whole batch, of which these pictures are from number ``first`` on."""

    def __init__(
        self, checkpoint: Checkpoint, precision: str, pixels: Tensor, size: int, views: Views | None, first: int
    ) -> None:
        self._checkpoint, self._precision, self._pixels = checkpoint, precision, pixels
        self._views, self._first = views, first
        self.micro_batches = list(torch.arange(len(pixels)).split(size))

    def encode(self, rows: Tensor) -> Tensor:
        start, stop = int(rows[0]), int(rows[-1]) + 1  # micro-batches are runs of rows
        pixels = self._pixels[start:stop].to(self._checkpoint.model.device, non_blocking=True)
        pixels = pixels.permute(0, 3, 1, 2).float() / 255
        if self._views is not None:
            pixels = self._views.of(pixels, self._first + start)
        return self._checkpoint.encode_pixels(pixels, self._precision)


class CaptionBatch:
    """``tokens``: input_ids and attention_mask, (N, L) int64; micro-batches hold captions of like length, to save padding."""

    def __init__(self, checkpoint: Checkpoint, precision: str, tokens: Tokens, size: int) -> None:
        self._checkpoint, self._precision, self._tokens = checkpoint, precision, tokens
        self._lengths = tokens["attention_mask"].sum(1)
        rows = torch.arange(len(self._lengths))
        if len(rows) > size:
            rows = torch.argsort(self._lengths, stable=True)
        self.micro_batches = list(rows.split(size))

    def encode(self, rows: Tensor) -> Tensor:
        if len(self.micro_batches) == 1:
            return self._checkpoint.encode_tokens(self._tokens, self._precision)
        longest = rounded_length(self._lengths[rows], self._tokens["attention_mask"].shape[1])
        tokens = {name: values[rows, :longest] for name, values in self._tokens.items()}
        return self._checkpoint.encode_tokens(tokens, self._precision)


class PooledBatch:
    """A locked tower's outputs, (N, H) float32, of which only the projection learns."""

    def __init__(self, pooled: Tensor, projection: nn.Linear, size: int) -> None:
        self._pooled, self._projection = pooled, projection
        self.micro_batches = list(torch.arange(len(pooled)).split(size))

    def encode(self, rows: Tensor) -> Tensor:
        return project(self._pooled[rows].to(self._projection.weight.device, non_blocking=True), self._projection)
