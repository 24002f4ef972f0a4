"""Gradient caching (Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup"): the
vectors of a batch part by part, and their gradients pushed on part by part.

The two towers take turns, so that only one of them holds what its backward pass needs. Captions, which mostly hold less
than pictures, learn twice as many together, parted by length. The first look needs no graph, so it takes wider parts; and the last
part of the pictures, seen with its graph, is not seen twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from .augment import Views
from .model import Checkpoint, rounded_length
from .shared_weights import SharedWeights

WIDER = (
    2  # a look without a graph, and captions shorter than a picture's patches, hold less than half of a part's memory
)


class Side(Protocol):
    """One tower's rows of a batch, (n,) int64 each: ``parts`` learn together; ``glances`` are the rows that are only looked
    at first, those of all parts or, with ``keeps_graph``, of all but the last, whose first look learns at once."""

    parts: list[Tensor]
    glances: list[Tensor]
    keeps_graph: bool

    def encode(self, rows: Tensor) -> Tensor:
        """(n, D) float32 unit rows."""
        ...

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Around the calls of ``encode`` whose gradients are asked for."""
        ...


@dataclass
class Seen:
    """``vectors`` (N, D), no graph behind them; ``last`` those of the last part with theirs, where it is kept."""

    vectors: Tensor
    last: Tensor | None


def look(side: Side) -> Seen:
    """All vectors of a side, in the memory of one part."""
    with torch.no_grad():
        found = [side.encode(rows) for rows in side.glances]
    last = side.encode(side.parts[-1]) if side.keeps_graph else None
    if last is not None:
        found.append(last.detach())
    joined = torch.cat(found)
    order = torch.cat([*side.glances, *([] if last is None else [side.parts[-1]])]).to(joined.device)
    return Seen(torch.empty_like(joined).index_copy(0, order, joined), last)


def push(side: Side, seen: Seen, gradient: Tensor) -> None:
    """Push the vectors' gradient, (N, D), on into the weights; a locked tower has none to take it."""
    parts = side.parts
    with side.learning():
        if seen.last is not None:
            if not seen.last.requires_grad:
                return
            seen.last.backward(gradient[parts[-1]])
            parts = parts[:-1]
        for rows in parts:
            vectors = side.encode(rows)
            if not vectors.requires_grad:
                return
            vectors.backward(gradient[rows])


class Pictures:
    """``pixels`` (N, S, S, 3) uint8; ``views`` how each is seen, this side's from place ``first`` on."""

    keeps_graph = True

    def __init__(
        self, checkpoint: Checkpoint, precision: str, pixels: Tensor, size: int, views: Views | None, first: int
    ) -> None:
        self._checkpoint, self._precision, self._pixels = checkpoint, precision, pixels
        self._views, self._first = views, first
        self.parts, self.glances = _runs(len(pixels), size)
        self._shared = checkpoint.shared_weights("vision", precision) if len(self.parts) > 1 else None

    def encode(self, rows: Tensor) -> Tensor:
        start, stop = int(rows[0]), int(rows[-1]) + 1  # parts are runs of rows
        pixels = self._pixels[start:stop].to(self._checkpoint.model.device, non_blocking=True)
        seen = pixels.permute(0, 3, 1, 2).float() / 255
        if self._views is not None:
            seen = self._views.of(seen, self._first + start)
        return self._checkpoint.encode_pixels(seen, self._precision, self._shared)

    @contextmanager
    def learning(self) -> Iterator[None]:
        yield
        if self._shared is not None:
            self._shared.settle()


class Captions:
    """``tokens``: input_ids and attention_mask, (N, L) int64. ``size``: pictures in a part."""

    def __init__(self, checkpoint: Checkpoint, precision: str, tokens: dict[str, Tensor], size: int) -> None:
        self._checkpoint, self._precision, self._tokens = checkpoint, precision, tokens
        self._lengths = tokens["attention_mask"].sum(1)
        self._embedded: Tensor | None = None
        self._collected: Tensor | None = None
        self._shared: SharedWeights | None = None
        # Beside the kept graph of one of several parts of pictures theirs would be one too many.
        self.keeps_graph = len(self._lengths) <= size
        self.parts, self.glances = [torch.arange(len(self._lengths))], []
        if not self.keeps_graph:
            vision = checkpoint.model.config.vision_config
            short = int(self._lengths.max()) <= (vision.image_size // vision.patch_size) ** 2
            # Parts of one size: of many sizes the allocator would keep more than the widest holds.
            self.parts = list(torch.argsort(self._lengths, stable=True).split(WIDER * size if short else size))
            self.glances = self.parts
            self._shared = checkpoint.shared_weights("text", precision)

    def encode(self, rows: Tensor) -> Tensor:
        longest = rounded_length(self._lengths[rows], self._tokens["attention_mask"].shape[1])
        tokens = {name: values[rows, :longest] for name, values in self._tokens.items()}
        if self._embedded is None:
            return self._checkpoint.encode_tokens(tokens, self._precision, shared=self._shared)
        own = self._embedded[rows, :longest].requires_grad_(self._collected is not None)
        if self._collected is not None:
            collected = self._collected

            def collect(gradient: Tensor) -> None:
                collected[rows, :longest] = gradient

            own.register_hook(collect)
        return self._checkpoint.encode_tokens(tokens, self._precision, own, self._shared)

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Embeddings are looked up before, and their gradients go into the table at once: each lookup's gradient is as
        large as the table."""
        if self.keeps_graph:  # a single part, seen with its graph
            yield
            return
        embedded = self._checkpoint.embed_tokens(self._tokens)
        if embedded is not None:
            self._embedded = embedded.detach()
            self._collected = torch.zeros_like(self._embedded) if embedded.requires_grad else None
        yield
        if embedded is not None and self._collected is not None:
            embedded.backward(self._collected)
        self._embedded = self._collected = None
        if self._shared is not None:
            self._shared.settle()


class Pooled:
    """A locked tower's outputs, (N, H) float32, under the projection that learns."""

    keeps_graph = True

    def __init__(self, pooled: Tensor, projection: nn.Linear, size: int) -> None:
        self._pooled, self._projection = pooled, projection
        self.parts, self.glances = _runs(len(pooled), size)

    def encode(self, rows: Tensor) -> Tensor:
        pooled = self._pooled[rows].to(self._projection.weight.device, non_blocking=True)
        return functional.normalize(self._projection(pooled), dim=-1)

    @contextmanager
    def learning(self) -> Iterator[None]:
        yield


def _runs(count: int, size: int) -> tuple[list[Tensor], list[Tensor]]:
    """Parts of ``size`` rows, and wider runs over all rows but those of the last part."""
    parts = list(torch.arange(count).split(size))
    return parts, list(torch.arange(count - len(parts[-1])).split(WIDER * size)) if len(parts) > 1 else []
