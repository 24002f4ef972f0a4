"""Weights copied, averaged and interpolated, and where interpolation stops."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.train


def test_ends_are_exact_and_the_middle_is_the_mean() -> None:
    import torch
    from clipseek.training.model.weights import interpolated

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
    from clipseek.training.model.weights import choose_alpha

    looked: list[float] = []

    def measure(alpha: float) -> tuple[float, float | None]:
        looked.append(alpha)
        return -((alpha - 0.8) ** 2), None

    assert choose_alpha(measure, None, 0.1).alpha == 0.8
    assert looked == [1.0, 0.9, 0.8, 0.7]  # and no look is wasted beyond the peak


def test_the_best_domain_score_that_keeps_enough_wins() -> None:
    from clipseek.training.model.weights import choose_alpha

    choice = choose_alpha(
        lambda alpha: (alpha, 0.5 - 0.4 * alpha), 0.5, 0.5
    )  # general: .1 at the tuned end, .25 allowed
    assert choice.alpha == pytest.approx(0.625)  # of .6 and .7; .65 keeps too little
    assert [row[0] for row in choice.curve[-3:]] == pytest.approx([0.5, 0.65, 0.625])


def test_runs_that_differ_by_little_end_at_weights_that_differ_by_little() -> None:
    from clipseek.training.model.weights import choose_alpha

    # The tenth at .8 keeps just enough in one run and just too little in the other.
    assert choose_alpha(lambda alpha: (alpha, 1.1201 - 0.2 * alpha), 1.0, 0.04).alpha == pytest.approx(0.8)
    assert choose_alpha(lambda alpha: (alpha, 1.1199 - 0.2 * alpha), 1.0, 0.04).alpha == pytest.approx(0.775)


def test_a_peak_below_the_weights_that_lose_too_much_is_not_refined() -> None:
    from clipseek.training.model.weights import choose_alpha

    looked: list[float] = []

    def measure(alpha: float) -> tuple[float, float]:
        looked.append(alpha)
        return -((alpha - 0.6) ** 2), 0.5 if alpha > 0.85 else 1.0

    assert choose_alpha(measure, 1.0, 0.1).alpha == 0.6
    assert looked == [1.0, 0.9, 0.8, 0.7, 0.6, 0.5]


def test_where_none_keeps_enough_the_one_that_keeps_most_wins() -> None:
    from clipseek.training.model.weights import choose_alpha

    assert choose_alpha(lambda alpha: (alpha, 0.1 - 0.05 * alpha), 0.5, 0.1).alpha == 0.2


def test_integers_are_those_of_the_fine_tuned_model() -> None:
    import torch
    from clipseek.training.model.weights import interpolated

    base, tuned = ({"n": torch.tensor(number)} for number in (3, 5))
    assert interpolated(base, tuned, 0.5)["n"] == 5


def test_the_best_alpha_is_taken_among_those_that_keep_enough() -> None:
    from clipseek.training.model.weights import choose_alpha

    scores = {1.0: (0.8, 0.2), 0.75: (0.77, 0.3), 0.625: (0.73, 0.4), 0.5: (0.7, 0.45), 0.25: (0.6, 0.5)}
    assert choose_alpha(scores.__getitem__, 0.5, 0.15, alphas=(1.0, 0.5, 0.25)).alpha == 0.5
    assert choose_alpha(scores.__getitem__, None, 0.15, alphas=(1.0, 0.5, 0.25)).alpha == 1.0
    assert choose_alpha(scores.__getitem__, 5.0, 0.15, alphas=(1.0, 0.5, 0.25)).alpha == 0.25


def test_the_moving_average_by_hand() -> None:
    import torch
    from clipseek.training.model.weights import MovingAverage

    weights = {"w": torch.tensor([1.0]), "n": torch.tensor(1)}
    average = MovingAverage(0.25, weights)
    weights["w"].fill_(3.0)
    assert average.mean["w"] == 1  # a copy
    weights["n"].fill_(2)
    average.update(weights)  # decay 2 / 11, warming up
    assert average.mean["w"].item() == pytest.approx(2 / 11 * 1 + 9 / 11 * 3)
    assert average.mean["n"] == 2
    average.update({"w": torch.tensor([5.0]), "n": torch.tensor(2)})  # 3 / 12: the decay itself
    assert average.mean["w"].item() == pytest.approx(0.25 * (2 / 11 + 27 / 11) + 0.75 * 5)
    restored = MovingAverage(0.25, weights)
    restored.load_state_dict(average.state_dict())
    assert (restored.steps, restored.mean) == (2, average.mean)
