"""The best of several settings, judged on queries that did not choose it."""

from __future__ import annotations

import numpy as np
from clipseek.evaluation.bootstrap import Floats
from clipseek.evaluation.judgments import Ints


def cross_validated(ranks: Floats, groups: Ints, folds: int = 5, seed: int = 0) -> Floats:
    """(Q,) float64: each query's reciprocal rank under the setting that is best for the queries of the other folds.

    ``ranks``: (Q, S) float64, each query's reciprocal rank under each setting; ``groups``: (Q,) int64, queries of equal numbers
    stay in one fold.
    """
    fold_of = folds_of(groups, folds, seed)
    values = np.zeros(len(ranks))
    for fold in range(folds):
        held_out = fold_of == fold
        if held_out.any() and not held_out.all():
            values[held_out] = ranks[held_out, int(ranks[~held_out].mean(axis=0).argmax())]
    return values


def folds_of(groups: Ints, folds: int = 5, seed: int = 0) -> Ints:
    """(Q,) int64: the fold of each query, from 0; queries of one group share a fold."""
    names, codes = np.unique(groups, return_inverse=True)
    fold_of = np.empty(len(names), np.int64)
    fold_of[np.random.default_rng(seed).permutation(len(names))] = np.arange(len(names)) % folds
    return np.asarray(fold_of[codes])
