"""Exact ranks of the right answers over a whole gallery, in O(chunk x gallery) memory.

Rules, the same everywhere in clipseek:

- The score is the dot product of unit rows in float32. All scores of a query come from one matrix product, those of
  its right answers too: computed apart, a pair could outrank itself by rounding.
- A query's rank is that of its *best* right answer; other right answers never count against it.
- Ties are pessimistic: a wrong item that scores within ``TIE`` of the right answer stands before it. So a model that
  gives every picture the same vector gets the worst rank, not the best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import BadVectors
from .judgments import Ints, Positives

# Eight units in the last place of a float32 near 1: scores that differ only by the order of summation are ties.
TIE = np.float32(1e-6)
# Scores held at a time, 64 MiB of float32; large enough that the matrix product runs at full speed.
CHUNK_SCORES = 16 * 1024 * 1024
DEPTH = 20

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Ranks:
    """Where the right answers of each query came.

    best: (Q,) int64, rank of the best right answer, from 1; gallery + 1 where there is none. right: (Q,) int64, how
    many right answers the gallery holds. top: (Q, DEPTH) bool, whether place r + 1 holds a right answer. gallery:
    number of items that were ranked.
    """

    best: Ints
    right: Ints
    top: NDArray[np.bool_]
    gallery: int


def rank(
    queries: NDArray[np.floating],
    gallery: NDArray[np.floating],
    positives: Positives,
    *,
    chunk: int | None = None,
) -> Ranks:
    """Rank the whole ``gallery`` for each query.

    queries (Q, D) and gallery (G, D): unit rows. ``chunk``: queries at a time; by default as many as keep the scores
    within CHUNK_SCORES. Raises BadVectors: shapes that do not fit, rows that are not finite or not of unit length.
    """
    q, g = check_unit_rows(queries, "query"), check_unit_rows(gallery, "gallery")
    if q.shape[1] != g.shape[1]:
        raise BadVectors(f"queries {q.shape} and gallery {g.shape} are not (Q, D) and (G, D)")
    if len(q) != positives.queries:
        raise BadVectors(f"{len(q)} query vectors for {positives.queries} queries; expected one each")
    step = chunk or max(1, min(len(q), CHUNK_SCORES // max(1, len(g))))
    best, right = np.empty(len(q), np.int64), np.empty(len(q), np.int64)
    top = np.zeros((len(q), DEPTH), bool)
    buffer = np.empty((min(step, len(q)), len(g)), np.float32)
    for start in range(0, len(q), step):
        stop = min(start + step, len(q))
        scores = np.matmul(q[start:stop], g.T, out=buffer[: stop - start])  # (chunk, G)
        best[start:stop], right[start:stop] = _rank_chunk(scores, *positives.rows(start, stop), top[start:stop])
    return Ranks(best, right, top, len(g))


def check_unit_rows(vectors: NDArray[np.floating], name: str) -> Vectors:
    """``vectors`` as (N, D) float32; raises BadVectors where rows are not finite or not of unit length."""
    if vectors.ndim != 2:
        raise BadVectors(f"{name} vectors have shape {vectors.shape}, which is not (N, D)")
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.einsum("nd,nd->n", rows, rows)
    # "Not within" also catches NaN, for which every comparison is false: a broken model would rank first everywhere.
    wrong = np.flatnonzero(~(np.abs(lengths - 1) < 1e-2))
    if len(wrong):
        raise BadVectors(
            f"{name} vector {wrong[0]} has squared length {lengths[wrong[0]]:.4g} ({len(wrong)} of {len(rows)} rows "
            "are so); expected finite unit rows: the model gives unusable vectors, train or export it again"
        )
    return rows


def _rank_chunk(scores: Vectors, rows: Ints, columns: Ints, top: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Ranks of the best right answers and the number of right answers; fills ``top``, overwrites ``scores``."""
    right = np.bincount(rows, minlength=len(scores))
    hits = scores[rows, columns]
    scores[rows, columns] = -np.inf  # a right answer never counts against another
    # Right answers by row, the best first: entry first[i] + j is the j-th best of row i.
    hits = hits[np.lexsort((-hits, rows))]
    first = np.cumsum(right) - right
    best = np.full(len(scores), scores.shape[1] + 1)
    answered = np.flatnonzero(right)
    wanted = np.full(len(scores), np.inf, np.float32)
    wanted[answered] = hits[first[answered]]
    best[answered] = 1 + _count_at_least(scores, wanted - TIE)[answered]
    depth = top.shape[1]
    live = np.flatnonzero(best <= depth)
    top[live, best[live] - 1] = True
    # The j-th best right answer comes after j others and every wrong item that scores at least as much. Few rows have
    # several right answers, and fewer have the next one among the first places, so this loop soon runs out of rows.
    for place in range(1, depth):
        live = live[right[live] > place]
        if not len(live):
            break
        at = 1 + place + _count_at_least(scores[live], hits[first[live] + place] - TIE)
        live, at = live[at <= depth], at[at <= depth]
        top[live, at - 1] = True
    return best, right


def _count_at_least(scores: Vectors, threshold: Vectors) -> Ints:
    """(N,) how many entries of each row are at least the row's threshold."""
    counts = np.empty(len(scores), np.int64)
    # In blocks, so that the array of booleans stays in cache.
    step = max(1, 2**18 // max(1, scores.shape[1]))
    for start in range(0, len(scores), step):
        block = slice(start, start + step)
        counts[block] = np.count_nonzero(scores[block] >= threshold[block, None], axis=1)
    return counts
