"""The loss, the schedule and the walk between base and tuned weights."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from clipseek.training.model.wise import choose, interpolated  # noqa: E402

pytestmark = pytest.mark.train


def test_interpolation_at_zero_and_one_is_its_ends() -> None:
    base = {"w": torch.randn(3, 4), "n": torch.tensor(3)}
    tuned = {"w": torch.randn(3, 4), "n": torch.tensor(5)}
    assert torch.equal(interpolated(base, tuned, 0.0)["w"], base["w"])
    assert torch.equal(interpolated(base, tuned, 1.0)["w"], tuned["w"])
    middle = interpolated(base, tuned, 0.5)
    assert torch.allclose(middle["w"], (base["w"] + tuned["w"]) / 2)
    assert middle["n"] == 5


def test_the_best_alpha_is_taken_among_those_that_keep_enough() -> None:
    scores = {1.0: (0.8, 0.2), 0.5: (0.7, 0.45), 0.25: (0.6, 0.5)}
    assert choose(scores.__getitem__, 0.5, 0.15, alphas=(1.0, 0.5, 0.25)).alpha == 0.5
    assert choose(scores.__getitem__, None, 0.15, alphas=(1.0, 0.5, 0.25)).alpha == 1.0
    assert choose(scores.__getitem__, 5.0, 0.15, alphas=(1.0, 0.5, 0.25)).alpha == 0.25
