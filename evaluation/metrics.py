"""MRR@k, R@k, nDCG@k and the median rank, inside batches as in the talk and over a whole gallery.

The size of what was ranked stands beside each: a random ranker has MRR@20 = 0.056 in batches of 64, and 0.0004 over
10,000 pictures.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .batches import deal
from .judgments import Ints, Judgments
from .ranking import Ranks, check_unit_rows, rank

KS = (1, 3, 5, 10, 20)
TALK_BATCH = 64

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]


@dataclass(frozen=True)
class Scores:
    """``queries`` were ranked, each against ``gallery`` items. ``intervals``: name ("MRR@20") -> 95 % (low, high)."""

    queries: int
    gallery: int
    mrr: dict[int, float]
    recall: dict[int, float]
    median_rank: float
    ndcg: dict[int, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)


def reciprocal_ranks(ranks: Ints, k: int) -> Floats:
    """(Q,) 1/rank where rank <= k, else 0."""
    return np.where(ranks <= k, 1.0 / np.maximum(ranks, 1), 0.0)


def mean_reciprocal_rank(ranks: Ints, k: int) -> float:
    """Mean of 1/rank where rank <= k, else 0 (the talk's MRR@k); 0 for no ranks."""
    return float(reciprocal_ranks(ranks, k).mean()) if len(ranks) else 0.0


def recall(ranks: Ints, k: int) -> float:
    """Share of queries with a right answer among the first k; 0 for no ranks."""
    return float((ranks <= k).mean()) if len(ranks) else 0.0


def ndcg(ranks: Ranks, k: int) -> float:
    """Mean nDCG@k with binary gains and log2 discount, over the best possible for each query's right answers."""
    if not len(ranks.best):
        return 0.0
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[1.0], np.cumsum(discount)])[np.minimum(ranks.right, k)]  # 1 where nothing is right
    return float((ranks.top[:, :k] @ discount / ideal).mean())


def scores_of(ranks: Ranks) -> Scores:
    """All figures of some ranks."""
    return Scores(
        queries=len(ranks.best),
        gallery=ranks.gallery,
        mrr={k: mean_reciprocal_rank(ranks.best, k) for k in KS},
        recall={k: recall(ranks.best, k) for k in KS},
        median_rank=float(np.median(ranks.best)) if len(ranks.best) else 0.0,
        ndcg={k: ndcg(ranks, k) for k in KS},
    )


def whole_gallery(queries: Rows, gallery: Rows, groups: Sequence[Hashable]) -> Scores:
    """Every query against the whole gallery: (N, D) and (N, D) unit rows, row i of both is pair i.

    An item of an equal group is as right as the query's own.
    """
    return scores_of(rank(queries, gallery, Judgments.of_labels(groups).text_to_image()))


def in_batches(
    queries: Rows, gallery: Rows, groups: Sequence[Hashable], size: int = TALK_BATCH, seed: int = 0
) -> Scores:
    """Every query against the other side of its batch of ``size``, as in the talk; rows as in ``whole_gallery``.

    Pairs are shuffled by ``seed`` and dealt into batches that hold a group at most once; only whole batches count,
    unless there is none (then all pairs are one batch, and its size is given).
    """
    truth = Judgments.of_labels(groups)
    return scores_of(rank_in_batches(queries, gallery, truth, talk_batches(truth, size, seed)))


def talk_batches(truth: Judgments, size: int = TALK_BATCH, seed: int = 0) -> list[Ints]:
    """Captions of distinct pictures in shuffled whole batches; one batch of all of them where they do not fill one."""
    first = truth.first_captions()
    keys = [[(column, key) for column, key in enumerate(row) if key >= 0] for row in truth.keys[first].tolist()]
    batches, _ = deal(keys, size, seed)
    whole = [np.arange(len(first))] if len(first) else []
    return [first[batch] for batch in batches or whole]


def rank_in_batches(queries: Rows, gallery: Rows, truth: Judgments, batches: Sequence[Ints]) -> Ranks:
    """Ranks inside each batch, in the order of the batches.

    ``queries`` and ``gallery``: (N, D) unit rows, row i of both belongs to caption i of ``truth``.
    """
    q, g = check_unit_rows(queries, "query"), check_unit_rows(gallery, "gallery")
    each = [rank(q[batch], g[batch], truth.take(batch).text_to_image()) for batch in batches]
    return Ranks(
        best=np.concatenate([ranks.best for ranks in each]) if each else np.empty(0, np.int64),
        right=np.concatenate([ranks.right for ranks in each]) if each else np.empty(0, np.int64),
        top=np.concatenate([ranks.top for ranks in each]) if each else np.empty((0, 20), bool),
        gallery=max((ranks.gallery for ranks in each), default=0),
    )
