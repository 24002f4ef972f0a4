"""Exact ranks over a whole gallery, in O(chunk) memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def ranks(
    queries: NDArray[np.float32],
    gallery: NDArray[np.float32],
    query_groups: Sequence[object],
    gallery_groups: Sequence[object],
    chunk: int = 1024,
) -> NDArray[np.int64]:
    """Rank, from 1, of the best right answer of each query: (Q,) int64.

    ``queries`` (Q, D) and ``gallery`` (G, D) float32 unit rows; a gallery row is right when its group equals the query's.
    Ties are pessimistic: a wrong row that scores the same as the right one stands before it, so that a model which scores
    everything alike ranks last, not first. Right and wrong scores come from the same product, or rounding could let a pair
    outrank itself. A query without a right row ranks G + 1. Raises ValueError when shapes do not fit.
    """
    if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
        raise ValueError(f"queries {queries.shape} and gallery {gallery.shape} are not (Q, D) and (G, D)")
    if len(queries) != len(query_groups) or len(gallery) != len(gallery_groups):
        raise ValueError(
            f"{len(queries)} queries, {len(query_groups)} groups; {len(gallery)} rows, {len(gallery_groups)} groups"
        )
    numbers: dict[object, int] = {}
    of_gallery = np.array([numbers.setdefault(group, len(numbers)) for group in gallery_groups], np.int64)
    of_queries = np.array([numbers.setdefault(group, len(numbers)) for group in query_groups], np.int64)
    result = np.empty(len(queries), np.int64)
    for start in range(0, len(queries), chunk):
        scores = queries[start : start + chunk] @ gallery.T
        right = of_queries[start : start + chunk, None] == of_gallery[None]
        best = np.where(right, scores, -np.inf).max(axis=1, initial=-np.inf)
        result[start : start + chunk] = ((scores >= best[:, None]) & ~right).sum(axis=1) + 1
    return result
