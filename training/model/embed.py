"""A checkpoint's vectors for many pairs, and the outputs of locked towers, computed once for a whole run.

With both towers locked these outputs never change, and an epoch over them takes a second or so instead of minutes. Only the
projections are trained; they are part of the model, so that checkpoint, export and serving know no difference.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.augment import draw_views
from ..data.caption_forms import caption_form, varied
from ..data.pairs import Pairs
from .checkpoint import Checkpoint
from .towers import project

Vectors = NDArray[np.float32]
VIEWS = 4  # the unchanged one, and three at random
BATCH = 256


def embed_distinct(checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32") -> tuple[Vectors, Vectors]:
    """Vectors of the N captions and of the P distinct pictures (as ``pairs.truth`` counts them), float32 unit rows."""
    return project_both(checkpoint, *pooled_distinct(checkpoint, pairs, precision))


def pooled_distinct(checkpoint: Checkpoint, pairs: Pairs, precision: str = "fp32") -> tuple[Tensor, Tensor]:
    """The same before projection: the towers' pooled outputs, (N, H') and (P, H) float32 on the CPU."""
    was_training = checkpoint.model.training
    checkpoint.model.eval()
    pooled = pool_captions(checkpoint, pairs.captions, precision), pool_pictures(checkpoint, pairs, precision)
    checkpoint.model.train(was_training)
    return pooled


@torch.no_grad()
def project_both(checkpoint: Checkpoint, texts: Tensor, images: Tensor) -> tuple[Vectors, Vectors]:
    """Pooled outputs (N, H') and (P, H) -> unit rows, by the checkpoint's projections as they are now."""
    model, device = checkpoint.model, checkpoint.model.device
    text = project(texts.to(device), model.text_projection)
    image = project(images.to(device), model.visual_projection)
    return text.cpu().numpy(), image.cpu().numpy()


@torch.no_grad()
def pool_pictures(
    checkpoint: Checkpoint,
    pairs: Pairs,
    precision: str,
    view: Callable[[Tensor], Tensor] = lambda pixels: pixels,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> Tensor:
    """(P, H) float32 on the CPU, in the order of ``pairs.shown_pictures``; ``view`` changes (M, 3, S, S) floats in 0..1."""
    used, _ = pairs.shown_pictures()
    pooled = []
    for start in range(0, len(used), BATCH):
        pixels = torch.from_numpy(np.asarray(pairs.pixels[used[start : start + BATCH]])).to(checkpoint.model.device)
        pixels = view(pixels.permute(0, 3, 1, 2).float() / 255)
        pooled.append(checkpoint.towers.pool_pixels(pixels, precision).cpu())
        on_rows(len(pixels))
    return torch.cat(pooled)


@torch.no_grad()
def pool_captions(
    checkpoint: Checkpoint,
    captions: list[str],
    precision: str,
    max_tokens: int | None = None,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> Tensor:
    """(N, H') float32 on the CPU; computed in batches of like length, as a batch is padded to its longest."""
    order = sorted(range(len(captions)), key=lambda row: len(captions[row]))
    pooled = []
    for start in range(0, len(order), BATCH):
        texts = [captions[row] for row in order[start : start + BATCH]]
        pooled.append(checkpoint.towers.pool_tokens(checkpoint.tokenize(texts, max_tokens), precision).cpu())
        on_rows(len(texts))
    joined = torch.cat(pooled)
    return torch.empty_like(joined).index_copy(0, torch.tensor(order), joined)


@dataclass(frozen=True)
class Features:
    """pictures: (V, P, H) float32, P distinct pictures as in ``Pairs.shown_pictures``; captions: (V, N, H') float32. View 0 is
    that of validation and serving."""

    pictures: Tensor
    captions: Tensor


def pooled_features(
    checkpoint: Checkpoint,
    pairs: Pairs,
    precision: str,
    *,
    views: int = VIEWS,
    seed: int = 0,
    kind: str = "natural",
    max_tokens: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Features:
    """Both towers' pooled outputs for all of ``pairs``, in several views of that ``kind``; a function of its arguments alone."""
    generator = torch.Generator().manual_seed(seed)
    total, done = views * (len(pairs.shown_pictures()[0]) + len(pairs)), 0

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        on_progress(done, total)

    def drawn(pixels: Tensor) -> Tensor:
        return draw_views(len(pixels), generator, kind).of(pixels)

    pictures = [pool_pictures(checkpoint, pairs, precision, on_rows=count)]
    captions = [pool_captions(checkpoint, pairs.captions, precision, max_tokens, count)]
    form = caption_form(pairs.captions)
    for view in range(1, views):
        chance = random.Random(f"{seed}/{view}")
        texts = [varied(caption, form, chance) for caption in pairs.captions]
        pictures.append(pool_pictures(checkpoint, pairs, precision, drawn, count))
        captions.append(pool_captions(checkpoint, texts, precision, max_tokens, count))
    return Features(torch.stack(pictures), torch.stack(captions))
