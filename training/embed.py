"""A checkpoint's vectors for many pairs, and its scores."""

from __future__ import annotations

import numpy as np
import torch
from clipseek.evaluation import Scores, in_batches, whole_gallery
from numpy.typing import NDArray

from .data import Pairs
from .model import Checkpoint

Vectors = NDArray[np.float32]


@torch.no_grad()
def embed_distinct(
    checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32", batch: int = 256
) -> tuple[Vectors, Vectors]:
    """Vectors of the N captions and of the P distinct pictures (as ``pairs.truth`` counts them), float32 unit rows."""
    was_training = checkpoint.model.training
    checkpoint.model.eval()
    device = checkpoint.model.device
    used, _ = pairs.shown_pictures()
    images = []
    for start in range(0, len(used), batch):
        pixels = torch.from_numpy(np.asarray(pairs.pixels[used[start : start + batch]])).to(device)
        images.append(checkpoint.encode_pixels(pixels.permute(0, 3, 1, 2).float() / 255, precision).cpu())
    # Captions of like length together: a batch is padded to its longest.
    order = sorted(range(len(pairs)), key=lambda row: len(pairs.captions[row]))
    texts = torch.empty(0)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        vectors = checkpoint.encode_texts([pairs.captions[row] for row in rows], precision).cpu()
        if not start:
            texts = torch.empty(len(order), vectors.shape[1])
        texts[rows] = vectors
    checkpoint.model.train(was_training)
    return texts.numpy(), torch.cat(images).numpy()


def embed(checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32", batch: int = 256) -> tuple[Vectors, Vectors]:
    """Vectors of the captions and of their pictures, both (N, D) float32 unit rows, row i of both is pair i."""
    texts, images = embed_distinct(checkpoint, pairs, precision, batch)
    return texts, images[pairs.shown_pictures()[1]]


def score(checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32", batch_size: int = 64) -> tuple[Scores, Scores]:
    """In-batch and whole-gallery scores of a checkpoint, text to picture."""
    texts, images = embed(checkpoint, pairs, precision)
    return in_batches(texts, images, pairs.groups, batch_size), whole_gallery(texts, images, pairs.groups)
