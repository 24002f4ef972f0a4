"""How sure a figure is: percentile bootstrap intervals of means, and the paired test of a difference.

Queries of one concept rise and fall together, so they are resampled together (``clusters``): intervals that treat them
as independent are too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import TooFewPairs
from .judgments import Ints

Floats = NDArray[np.float64]
RESAMPLES = 1000


@dataclass(frozen=True)
class Difference:
    """Mean of (after - before) over the same queries, its interval, and the p value of "no difference"."""

    mean: float
    low: float
    high: float
    p: float


def intervals(values: Floats, *, clusters: Ints | None = None, seed: int = 0) -> Floats:
    """(M, 2) low and high of the mean of each column of ``values`` (Q, M), at 95 %.

    ``clusters``: (Q,) int64, queries of equal numbers are drawn together. Raises TooFewPairs for no values.
    """
    sums = _by_cluster(values, clusters)  # (C, M + 1), the last column counts
    drawn = np.concatenate([weights @ sums for weights in _weights(len(sums), seed)])
    means = drawn[:, :-1] / drawn[:, -1:]
    bounds: Floats = np.quantile(means, [0.025, 0.975], axis=0).T
    return bounds


def paired(before: Floats, after: Floats, *, clusters: Ints | None = None) -> Difference:
    """Compare two models on the same queries in the same order, (Q,) and (Q,).

    The test flips the signs of whole clusters: if there were no difference, each would be as likely as its opposite.
    """
    if before.shape != after.shape:
        raise TooFewPairs(f"{before.shape[0]} values before and {after.shape[0]} after; expected the same queries")
    return paired_columns((after - before)[:, None], clusters=clusters)[0]


def paired_columns(change: Floats, *, clusters: Ints | None = None) -> list[Difference]:
    """``paired`` for each column of ``change`` = after - before, (Q, M): M figures of the same queries, drawn together."""
    bounds = intervals(change, clusters=clusters).tolist()
    sums = _by_cluster(change, clusters)[:, :-1]  # (C, M)
    observed = np.abs(sums.sum(axis=0))
    rng = np.random.default_rng(0)
    extreme = np.zeros(change.shape[1], np.int64)
    for _ in range(RESAMPLES):
        signs = rng.integers(0, 2, len(sums), dtype=np.int8) * 2.0 - 1.0
        extreme += np.abs(signs @ sums) >= observed - 1e-9  # another order of summation is no difference
    # +1: the arrangement that was observed is one of those possible, so p is never 0.
    p = ((extreme + 1) / (RESAMPLES + 1)).tolist()
    means = change.mean(axis=0).tolist()
    return [Difference(mean, low, high, one) for mean, (low, high), one in zip(means, bounds, p, strict=True)]


def _by_cluster(values: Floats, clusters: Ints | None) -> Floats:
    """(C, M + 1): each cluster's sums and its number of queries."""
    if not len(values):
        raise TooFewPairs("no values to resample; expected at least one query")
    if clusters is None:
        return np.column_stack([values, np.ones(len(values))])
    codes = np.unique(clusters, return_inverse=True)[1]
    sums = [np.bincount(codes, weights=column) for column in values.T]
    return np.column_stack([*sums, np.bincount(codes)])


def _weights(clusters: int, seed: int) -> Iterator[Floats]:
    """How often each cluster is drawn in each resample, (block, C), in blocks of about four million numbers."""
    rng = np.random.default_rng(seed)
    step = max(1, 4_000_000 // clusters)
    for start in range(0, RESAMPLES, step):
        block = np.empty((min(step, RESAMPLES - start), clusters))
        for row in block:
            row[:] = np.bincount(rng.integers(0, clusters, clusters), minlength=clusters)
        yield block
