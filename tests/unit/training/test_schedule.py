"""The learning rate as a function of progress."""

from __future__ import annotations

import pytest
from clipseek.training.schedule import SCHEDULES, learning_rate_factor


@pytest.mark.parametrize("kind", SCHEDULES)
def test_warm_up_rises_to_one(kind: str) -> None:
    rising = [learning_rate_factor(p / 100, 0.1, kind) for p in range(11)]
    assert rising == sorted(rising)
    assert 0 < rising[0] < 0.02
    assert rising[-1] == 1


def test_ways_down() -> None:
    assert learning_rate_factor(0.55, 0.1, "cosine") == pytest.approx(0.5)
    assert learning_rate_factor(0.55, 0.1, "linear") == pytest.approx(0.5)
    assert learning_rate_factor(0.325, 0.1, "linear") == pytest.approx(0.75)
    assert learning_rate_factor(0.325, 0.1, "cosine") > 0.75
    assert learning_rate_factor(0.55, 0.1, "constant") == 1
    for kind in ("cosine", "linear"):
        assert learning_rate_factor(1.0, 0.1, kind) == pytest.approx(0)
        assert learning_rate_factor(1.7, 0.1, kind) == pytest.approx(0)  # a timed run's last step overshoots


def test_no_warm_up_starts_at_one() -> None:
    assert learning_rate_factor(0.0, 0.0) == 1
