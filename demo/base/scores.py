"""How well captions find pictures, quickly, for choosing while training; reports use ``clipseek.evaluation``."""

from __future__ import annotations

import random

import torch
from torch import Tensor


def in_batch_mrr(images: Tensor, texts: Tensor, concepts: Tensor, size: int = 64, k: int = 20, seed: int = 0) -> float:
    """MRR@k of captions over pictures in whole batches of ``size`` that hold a concept at most once."""
    order = list(range(len(concepts)))
    random.Random(seed).shuffle(order)
    names = concepts.tolist()
    open_batches: list[tuple[list[int], set[int]]] = []
    full: list[list[int]] = []
    for index in order:
        for batch, seen in open_batches:
            if names[index] not in seen:
                batch.append(index)
                seen.add(names[index])
                if len(batch) == size:
                    full.append(batch)
                    open_batches.remove((batch, seen))
                break
        else:
            open_batches.append(([index], {names[index]}))
    total = 0.0
    for batch in full:
        scores = texts[batch] @ images[batch].T
        ranks = (scores >= scores.diagonal()[:, None]).sum(1)
        total += float(torch.where(ranks <= k, 1 / ranks, torch.zeros_like(ranks, dtype=torch.float)).sum())
    return total / max(1, len(full) * size)


def gallery_mrr(images: Tensor, texts: Tensor, concepts: Tensor, k: int = 10) -> float:
    """MRR@k of captions over all pictures; any picture of the caption's concept is right."""
    scores = texts @ images.T
    same = concepts[:, None] == concepts[None]
    best = scores.masked_fill(~same, -2).amax(1, keepdim=True)
    ranks = ((scores >= best) & ~same).sum(1) + 1
    return float(torch.where(ranks <= k, 1 / ranks, torch.zeros_like(ranks, dtype=torch.float)).mean())
