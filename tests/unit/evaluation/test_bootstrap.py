"""Intervals and the paired test against what theory says of easy cases."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.evaluation import TooFewPairs
from clipseek.evaluation.bootstrap import intervals, paired


def test_width_is_that_of_the_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=(900, 1))
    low, high = intervals(values)[0]
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 30, rel=0.12)


def test_columns_are_drawn_together_and_the_seed_decides() -> None:
    values = np.random.default_rng(1).random((50, 1))
    both = intervals(np.hstack([values, values + 1]))
    np.testing.assert_allclose(both[1] - both[0], 1)
    assert (intervals(values) == both[:1]).all()
    assert (intervals(values, seed=1) != both[:1]).any()


def test_clusters_widen_the_interval() -> None:
    once = np.random.default_rng(2).normal(size=(100, 1))
    repeated, clusters = np.repeat(once, 9, axis=0), np.repeat(np.arange(100), 9)
    alone = np.diff(intervals(repeated)[0])
    together = np.diff(intervals(repeated, clusters=clusters)[0])
    assert together / alone == pytest.approx(3, rel=0.2)


def test_constant_values_have_no_width() -> None:
    assert intervals(np.full((7, 1), 0.25)).tolist() == [[0.25, 0.25]]


def test_paired_finds_a_small_steady_gain_and_no_gain_where_there_is_none() -> None:
    rng = np.random.default_rng(3)
    before = rng.random(400)
    gain = paired(before, before + 0.02 + 0.05 * rng.normal(size=400))
    assert gain.p < 0.01
    assert gain.low < 0.02 < gain.high
    none = paired(before, before + 0.05 * rng.normal(size=400))
    assert none.p > 0.05
    assert none.low < 0 < none.high
    same = paired(before, before)
    assert (same.mean, same.p) == (0, 1)


def test_nothing_to_resample() -> None:
    with pytest.raises(TooFewPairs, match="no values"):
        intervals(np.empty((0, 1)))
    with pytest.raises(TooFewPairs, match="the same queries"):
        paired(np.ones(2), np.ones(3))
