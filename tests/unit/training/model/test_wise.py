"""Interpolating weights, and where to stop."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.train


def test_ends_are_exact_and_the_middle_is_the_mean() -> None:
    import torch
    from clipseek.training.model.wise import interpolated

    base = {"w": torch.tensor([1.0, 1e-8]), "n": torch.tensor([1, 2])}
    tuned = {"w": torch.tensor([3.0, 1.0]), "n": torch.tensor([1, 2])}
    assert torch.equal(interpolated(base, tuned, 0.0)["w"], base["w"])
    assert torch.equal(interpolated(base, tuned, 1.0)["w"], tuned["w"])
    torch.testing.assert_close(interpolated(base, tuned, 0.5)["w"], torch.tensor([2.0, 0.5]))
    assert interpolated(base, tuned, 0.5)["n"].dtype == torch.int64
    # A copy: the caller goes on changing the model.
    interpolated(base, tuned, 1.0)["w"].zero_()
    assert tuned["w"][0] == 3


def test_without_general_pairs_the_peak_of_the_domain_wins() -> None:
    from clipseek.training.model.wise import choose

    looked: list[float] = []

    def measure(alpha: float) -> tuple[float, float | None]:
        looked.append(alpha)
        return -((alpha - 0.8) ** 2), None

    assert choose(measure, None, 0.1).alpha == 0.8
    assert looked == [1.0, 0.9, 0.8, 0.7]  # and no look is wasted beyond the peak


def test_the_best_domain_score_that_keeps_enough_wins() -> None:
    from clipseek.training.model.wise import choose

    choice = choose(lambda alpha: (alpha, 0.5 - 0.4 * alpha), 0.5, 0.5)  # general: .1 at the tuned end, .25 allowed
    assert choice.alpha == 0.6
    assert choice.curve[-1][0] == 0.5


def test_where_none_keeps_enough_the_one_that_keeps_most_wins() -> None:
    from clipseek.training.model.wise import choose

    assert choose(lambda alpha: (alpha, 0.1 - 0.05 * alpha), 0.5, 0.1).alpha == 0.2
