"""Accuracy of labels: against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.evaluation.errors import TooFewPairs
from clipseek.evaluation.labelled import accuracy

LABELS = ["a", "b", "c"]


def test_shares_precision_and_confusions_by_hand() -> None:
    chances = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7]])
    found = accuracy(chances, [0, 0, 1, 2], LABELS)
    assert found.top == {1: 0.75}
    assert found.mean_of_labels == pytest.approx(2 / 3)
    assert [one.label for one in found.labels] == ["b", "a", "c"]
    worst = found.labels[0]
    assert (worst.pictures, worst.top, worst.given, worst.precision) == (1, {1: 0.0}, 0, None)
    assert found.labels[1].precision == pytest.approx(2 / 3)
    assert [(one.label, one.taken_for, one.pictures, one.share) for one in found.confusions] == [("b", "a", 1, 1.0)]
    low, high = found.intervals["top-1"]
    assert 0 <= low < 0.75 < high <= 1


def test_equal_chances_count_against_the_model() -> None:
    found = accuracy(np.full((4, 3), 1 / 3), [0, 1, 2, 0], LABELS)
    assert found.top == {1: 0.0}
    assert sum(one.pictures for one in found.confusions) == 4


def test_top_5_only_where_more_labels_were_given() -> None:
    chances = np.tile(np.linspace(0.3, 0.0, 8), (3, 1))
    found = accuracy(chances, [0, 4, 5], list("abcdefgh"))
    assert found.top == pytest.approx({1: 1 / 3, 5: 2 / 3})


def test_pictures_of_a_group_are_drawn_together() -> None:
    right = np.tile([[0.9, 0.1]], (40, 1))
    wrong = np.tile([[0.1, 0.9]], (40, 1))
    chances, truth = np.concatenate([right, wrong]), [0] * 80
    alone = accuracy(chances, truth, ["a", "b"]).intervals["top-1"]
    together = accuracy(chances, truth, ["a", "b"], [str(row // 20) for row in range(80)]).intervals["top-1"]
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_nothing_is_refused() -> None:
    with pytest.raises(TooFewPairs):
        accuracy(np.empty((0, 3)), [], LABELS)
