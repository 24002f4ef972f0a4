"""A checkpoint's vectors for many pairs, and its scores."""

from __future__ import annotations

import numpy as np
import torch
from clipseek.evaluation import Scores, in_batches, whole_gallery
from numpy.typing import NDArray

from .data import Pairs
from .model import Checkpoint


@torch.no_grad()
def embed(
    checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32", batch: int = 256
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors of captions and of pictures, both (N, D) float32 unit rows."""
    was_training = checkpoint.model.training
    checkpoint.model.eval()
    device = checkpoint.model.device
    texts, images = [], []
    for start in range(0, len(pairs), batch):
        pixels = torch.from_numpy(pairs.pixels[start : start + batch]).to(device).permute(0, 3, 1, 2).float() / 255
        images.append(checkpoint.encode_pixels(pixels, precision).cpu())
        texts.append(checkpoint.encode_texts(pairs.captions[start : start + batch], precision).cpu())
    checkpoint.model.train(was_training)
    return torch.cat(texts).numpy(), torch.cat(images).numpy()


def score(checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32", batch_size: int = 64) -> tuple[Scores, Scores]:
    """In-batch and whole-gallery scores of a checkpoint, text to picture."""
    texts, images = embed(checkpoint, pairs, precision)
    return in_batches(texts, images, pairs.groups, batch_size), whole_gallery(texts, images, pairs.groups)
