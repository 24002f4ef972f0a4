"""What a run saves comes back as it was; the clock goes on from where it stood."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.train


def test_every_field_comes_back(tmp_path: Path) -> None:
    import torch
    from clipseek.training.run.state import TrainState, load_state, save_state

    weights = {"w": torch.tensor([1.0, 2.0])}
    state = TrainState(weights, {"validation_mrr": 0.1}, 0.5, 2, 7, 1.5, 4.5, 60.0)
    saved = state.state_dict()
    save_state(tmp_path / "state.pt", saved)
    restored = TrainState()
    restored.load_state_dict(load_state(tmp_path / "state.pt"))
    assert torch.equal(restored.tuned["w"], weights["w"])
    for name in ("before", "best_mrr", "passes_since_best", "step", "last_pass_seconds", "all_passes_seconds"):
        assert getattr(restored, name) == getattr(state, name)
    assert 60.0 < saved["resumed"] <= restored.seconds < 70.0
