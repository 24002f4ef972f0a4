"""The outputs of locked towers, computed once: each picture in a few views, each caption in a few wordings.

With both towers locked these never change, and an epoch over them takes a second or so instead of minutes. Only the
projections are trained; they are part of the model, so that checkpoint, export and serving know no difference.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..data.augment import draw_views, random_caption
from ..data.pairs import Pairs
from .checkpoint import Checkpoint
from .embed import by_length, pixels_of

VIEWS = 4  # the unchanged one, and three at random


@dataclass(frozen=True)
class Features:
    """pictures: (V, P, H) float32, P distinct pictures as in ``Pairs.pixels``; captions: (V, N, H') float32. View 0 is that of
    validation and serving."""

    pictures: Tensor
    captions: Tensor


@torch.no_grad()
def pooled_features(
    checkpoint: Checkpoint,
    pairs: Pairs,
    precision: str,
    *,
    views: int = VIEWS,
    seed: int = 0,
    max_tokens: int | None = None,
    batch: int = 256,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Features:
    """Both towers' pooled outputs for all of ``pairs``; a function of its arguments alone."""
    towers = checkpoint.towers
    used, _ = pairs.shown_pictures()
    generator = torch.Generator().manual_seed(seed)
    pictures: list[Tensor] = []
    captions: list[Tensor] = []
    whole = views * (len(used) + len(pairs))
    done = 0
    for view in range(views):
        outputs = torch.zeros(0)
        for start in range(0, len(used), batch):
            rows = used[start : start + batch]
            pixels = pixels_of(pairs, rows, checkpoint)
            if view:
                pixels = draw_views(len(pixels), generator).of(pixels)
            pooled = towers.pool_pixels(pixels, precision).cpu()
            if not start:
                outputs = torch.zeros(len(pairs.pixels), pooled.shape[1])
            outputs[torch.from_numpy(np.asarray(rows))] = pooled
            on_progress(done := done + len(rows), whole)
        pictures.append(outputs)
        chance = random.Random(f"{seed}/{view}")
        words = [random_caption(caption, chance) if view else caption for caption in pairs.captions]
        outputs = torch.zeros(0)
        for text_rows in by_length(words, batch):
            tokens = checkpoint.tokenize([words[row] for row in text_rows], max_tokens)
            pooled = towers.pool_tokens(tokens, precision)
            if not len(outputs):
                outputs = torch.empty(len(words), pooled.shape[1])
            outputs[text_rows] = pooled.cpu()
            on_progress(done := done + len(text_rows), whole)
        captions.append(outputs)
    return Features(torch.stack(pictures), torch.stack(captions))
