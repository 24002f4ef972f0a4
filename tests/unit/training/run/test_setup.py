"""How a run begins, and what of it is saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clipseek.training.config import TrainConfig
from clipseek.training.data.pairs import Pairs

pytestmark = pytest.mark.train


def test_a_share_of_the_groups_is_held_out_where_enough_are_left() -> None:
    from clipseek.training.run.setup import split_held_out

    names = [str(number) for number in range(40)]
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    pairs = Pairs(pixels, names, np.arange(40), names, names)
    learn, held = split_held_out(pairs, 0.3, 0)
    assert held is not None
    assert sorted(learn.captions + held.captions) == sorted(names)
    assert not set(learn.groups) & set(held.groups)
    single = replace(pairs, groups=["one"] * 40)
    learn, held = split_held_out(single, 0.05, 0)
    assert learn is single
    assert held is None


def test_a_timed_run_keeps_time_for_choosing_its_weights() -> None:
    from clipseek.training.run.setup import _time_limit

    assert _time_limit(TrainConfig(interpolate=False), 60.0, 2.0) == 60 - 2 - 1
    assert _time_limit(TrainConfig(), 60.0, 2.0) == 60 - 7 * 2 - 1
    assert _time_limit(TrainConfig(), 60.0, 20.0) == 30  # half of it trains in any case


def test_every_field_comes_back(tmp_path: Path) -> None:
    import torch
    from clipseek.training.run.setup import TrainState

    weights = {"w": torch.tensor([1.0, 2.0])}
    state = TrainState(weights, {"validation_mrr": 0.1}, 0.5, 2, 7, 1.5, 4.5, 60.0)
    saved = state.state_dict()
    torch.save(saved, tmp_path / "state.pt")
    restored = TrainState()
    restored.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(restored.best["w"], weights["w"])
    for name in ("before", "best_mrr", "passes_since_best", "step", "last_pass_seconds", "all_passes_seconds"):
        assert getattr(restored, name) == getattr(state, name)
    assert 60.0 < saved["resumed"] <= restored.seconds < 70.0
