"""MRR@k and R@k, inside batches as in the talk and over a whole gallery. The size of what was ranked stands beside each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ranking import ranks

KS = (1, 3, 5, 10, 20)


@dataclass(frozen=True)
class Scores:
    """``queries`` captions were ranked, each against ``gallery`` pictures."""

    queries: int
    gallery: int
    mrr: dict[int, float]
    recall: dict[int, float]
    median_rank: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def mean_reciprocal_rank(found: NDArray[np.int64], k: int) -> float:
    """Mean of 1/rank where rank <= k, else 0 (the talk's MRR@k); 0 for no ranks."""
    return float(np.where(found <= k, 1.0 / np.maximum(found, 1), 0.0).mean()) if len(found) else 0.0


def recall(found: NDArray[np.int64], k: int) -> float:
    """Share of ranks <= k; 0 for no ranks."""
    return float((found <= k).mean()) if len(found) else 0.0


def _scores(found: NDArray[np.int64], gallery: int) -> Scores:
    return Scores(
        queries=len(found),
        gallery=gallery,
        mrr={k: mean_reciprocal_rank(found, k) for k in KS},
        recall={k: recall(found, k) for k in KS},
        median_rank=float(np.median(found)) if len(found) else 0.0,
    )


def whole_gallery(texts: NDArray[np.float32], images: NDArray[np.float32], groups: Sequence[object]) -> Scores:
    """Every caption against every picture: ``texts`` and ``images`` (N, D) unit rows, row i of both is pair i.

    A picture of an equal group is as right as the caption's own.
    """
    return _scores(ranks(texts, images, groups, groups), len(images))


def in_batches(
    texts: NDArray[np.float32], images: NDArray[np.float32], groups: Sequence[object], size: int = 64, seed: int = 0
) -> Scores:
    """Every caption against the pictures of its batch of ``size``, as in the talk.

    Pairs are shuffled by ``seed`` and dealt into batches that hold a group at most once; only whole batches count, unless there
    is none (then all pairs are one batch). Random ranking scores H(20)/64 = 0.056 at k = 20 and size 64.
    """
    batches = deal(groups, size, seed) or [list(range(len(groups)))]
    found = [ranks(texts[b], images[b], [groups[i] for i in b], [groups[i] for i in b]) for b in batches if b]
    return _scores(np.concatenate(found) if found else np.empty(0, np.int64), min(size, len(groups)))


def deal(groups: Sequence[object], size: int, seed: int) -> list[list[int]]:
    """Whole batches of ``size`` indices, shuffled by ``seed``, no group twice in one batch."""
    order = list(range(len(groups)))
    random.Random(seed).shuffle(order)
    waiting: list[tuple[list[int], set[object]]] = []
    full: list[list[int]] = []
    for index in order:
        batch = next((entry for entry in waiting if groups[index] not in entry[1]), None)
        if batch is None:
            batch = ([], set())
            waiting.append(batch)
        batch[0].append(index)
        batch[1].add(groups[index])
        if len(batch[0]) == size:
            full.append(batch[0])
            waiting.remove(batch)
    return full
