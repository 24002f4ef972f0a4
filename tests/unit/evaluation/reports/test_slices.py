"""Figures of a column's values, on rankings made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.evaluation import Judgments, rank_pairs
from clipseek.evaluation.reports.examples import JudgedModel, worst_of
from clipseek.evaluation.reports.slices import slices

N = 60
EYE = np.eye(N, dtype=np.float32)


def test_the_worst_slice_comes_first_and_small_ones_are_left_out() -> None:
    truth = Judgments.of([f"c{row}" for row in range(N)])
    texts = EYE.copy()
    for row in range(40, N):  # every second of those finds another picture first
        texts[row] = EYE[row] if row % 2 else 0.6 * EYE[row] + 0.8 * EYE[0]
    model = JudgedModel("m", texts, EYE, rank_pairs(texts, EYE, truth))
    kinds = ["ct"] * 40 + ["mr"] * (N - 40)
    found = slices(model.ranked, {"kind": kinds, "rare": ["x"] * 19 + [""] * (N - 19)})
    assert [(one.value, one.queries) for one in found] == [("mr", 20), ("ct", 40)]
    assert found[0].mrr == pytest.approx(0.75)
    assert found[0].low < 0.75 < found[0].high
    assert (found[1].mrr, found[1].low, found[1].high) == (1.0, 1.0, 1.0)
    assert "rows" not in found[0].as_dict()
    worst = worst_of(model, truth, found[0].rows)
    assert [one.ranks for one in worst] == [(2,)] * 6
    assert {one.row for one in worst} <= set(range(40, N, 2))
    assert not worst_of(model, truth, found[1].rows)
