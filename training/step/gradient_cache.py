"""Gradient caching (Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup"): the loss of a
whole batch in the memory of one micro-batch.

(1) ``embed_without_graph`` encodes every micro-batch of a tower; (2) the learner computes the loss of all vectors and its
gradient by each vector; (3) ``backward`` encodes every micro-batch again, with a graph, and takes the vectors' gradients on
to the weights. The towers take turns, so that only one of them holds what its backward pass needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..data.augment import Views
from ..model.checkpoint import Checkpoint
from ..model.towers import Tokens, project, rounded_length

#: Micro-batches that are encoded at once without a graph: they hold less memory than one with its graph.
AT_ONCE = 4


@dataclass(frozen=True)
class TowerBatch:
    """One tower's N rows of a batch. ``micro_batches``: (n,) int64 row numbers each; every row is in one of them.

    ``encode``: the rows of a micro-batch -> (n, D) float32 unit rows.
    """

    micro_batches: Sequence[Tensor]
    encode: Callable[[Tensor], Tensor]


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
    wide = [
        torch.cat(list(batch.micro_batches[at : at + AT_ONCE])) for at in range(0, len(batch.micro_batches), AT_ONCE)
    ]
    with torch.no_grad():
        vectors = torch.cat([batch.encode(rows) for rows in wide])
    order = torch.cat(list(batch.micro_batches)).to(vectors.device)
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


def pictures(
    checkpoint: Checkpoint, precision: str, pixels: Tensor, size: int, views: Views | None, first: int
) -> TowerBatch:
    """``pixels`` (N, S, S, 3) uint8; ``views`` of the whole batch, of which these pictures are from number ``first`` on."""

    def encode(rows: Tensor) -> Tensor:
        start, stop = int(rows[0]), int(rows[-1]) + 1  # micro-batches are runs of rows
        floats = pixels[start:stop].to(checkpoint.model.device, non_blocking=True).permute(0, 3, 1, 2).float() / 255
        return checkpoint.encode_pixels(floats if views is None else views.of(floats, first + start), precision)

    return TowerBatch(torch.arange(len(pixels)).split(size), encode)


def captions(checkpoint: Checkpoint, precision: str, tokens: Tokens, size: int) -> TowerBatch:
    """``tokens``: input_ids and attention_mask, (N, L) int64; micro-batches hold captions of like length, to save padding."""
    lengths = tokens["attention_mask"].sum(1)
    if len(lengths) <= size:
        return TowerBatch([torch.arange(len(lengths))], lambda rows: checkpoint.encode_tokens(tokens, precision))

    def encode(rows: Tensor) -> Tensor:
        longest = rounded_length(lengths[rows], tokens["input_ids"].shape[1])
        part = {name: values[rows, :longest] for name, values in tokens.items()}
        return checkpoint.encode_tokens(part, precision)

    return TowerBatch(torch.argsort(lengths, stable=True).split(size), encode)


def locked_outputs(pooled: Tensor, projection: nn.Linear, size: int) -> TowerBatch:
    """A locked tower's pooled outputs, (N, H) float32, of which only the projection is trained."""

    def encode(rows: Tensor) -> Tensor:
        return project(pooled[rows].to(projection.weight.device, non_blocking=True), projection)

    return TowerBatch(torch.arange(len(pooled)).split(size), encode)
