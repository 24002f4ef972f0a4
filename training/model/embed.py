"""A checkpoint's vectors for many pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from clipseek.evaluation.judgments import Ints
from numpy.typing import NDArray
from torch import Tensor

from ..data.pairs import Pairs
from .checkpoint import Checkpoint
from .towers import project

Vectors = NDArray[np.float32]


@torch.no_grad()
def embed_distinct(
    checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32", batch: int = 256
) -> tuple[Vectors, Vectors]:
    """Vectors of the N captions and of the P distinct pictures (as ``pairs.truth`` counts them), float32 unit rows."""
    return project_both(checkpoint, *pooled_distinct(checkpoint, pairs, precision, batch))


@torch.no_grad()
def pooled_distinct(
    checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32", batch: int = 256
) -> tuple[Tensor, Tensor]:
    """The same before projection: the towers' pooled outputs, (N, H') and (P, H) float32 on the CPU."""
    was_training = checkpoint.model.training
    checkpoint.model.eval()
    used, _ = pairs.shown_pictures()
    towers = checkpoint.towers
    images = []
    for start in range(0, len(used), batch):
        images.append(towers.pool_pixels(pixels_of(pairs, used[start : start + batch], checkpoint), precision).cpu())
    texts = torch.empty(0)
    for rows in by_length(pairs.captions, batch):
        pooled = towers.pool_tokens(checkpoint.tokenize([pairs.captions[row] for row in rows]), precision).cpu()
        if not len(texts):
            texts = torch.empty(len(pairs), pooled.shape[1])
        texts[rows] = pooled
    checkpoint.model.train(was_training)
    return texts, torch.cat(images)


@torch.no_grad()
def project_both(checkpoint: Checkpoint, texts: Tensor, images: Tensor) -> tuple[Vectors, Vectors]:
    """Pooled outputs (N, H') and (P, H) -> unit rows, by the checkpoint's projections as they are now."""
    model, device = checkpoint.model, checkpoint.model.device
    text = project(texts.to(device), model.text_projection)
    image = project(images.to(device), model.visual_projection)
    return text.cpu().numpy(), image.cpu().numpy()


def pixels_of(pairs: Pairs, rows: Ints, checkpoint: Checkpoint) -> Tensor:
    """(M, 3, S, S) float32 in 0..1 on the model's device."""
    pixels = torch.from_numpy(np.asarray(pairs.pixels[rows])).to(checkpoint.model.device)
    return pixels.permute(0, 3, 1, 2).float() / 255


def by_length(captions: list[str], batch: int) -> Iterator[list[int]]:
    """Rows in batches of captions of like length: a batch is padded to its longest."""
    order = sorted(range(len(captions)), key=lambda row: len(captions[row]))
    for start in range(0, len(order), batch):
        yield order[start : start + batch]


def embed(checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32", batch: int = 256) -> tuple[Vectors, Vectors]:
    """Vectors of the captions and of their pictures, both (N, D) float32 unit rows, row i of both is pair i."""
    texts, images = embed_distinct(checkpoint, pairs, precision, batch)
    return texts, images[pairs.shown_pictures()[1]]
