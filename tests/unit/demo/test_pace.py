"""What a pair costs, whatever else the machine does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from clipseek.demo.pace import measure_pace, seconds_of

from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


def test_time_that_others_have_the_cpu_is_not_counted() -> None:
    assert seconds_of(lambda: time.sleep(0.2), on_cpu=True) < 0.1
    assert seconds_of(lambda: time.sleep(0.2), on_cpu=False) >= 0.2


def test_each_recipe_has_its_cost_for_a_pair_and_general_pairs_count_as_pairs(tmp_path: Path) -> None:
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint

    base = str(make_tiny_clip(tmp_path / "base"))
    squares = load_pairs(write_squares(tmp_path / "squares"), load_checkpoint(base).image)
    pairs = dict.fromkeys(("domain-train", "domain-val", "general-train", "general-val"), squares)
    plain = TrainConfig(base=base, batch_size=8, keep_share=0.0, augment=False)
    pace = measure_pace({"plain": plain, "mixed": TrainConfig(base=base, batch_size=8, keep_share=0.25)}, pairs)
    assert list(pace.pair) == ["plain", "mixed"]
    assert all(0 < each < 1 for each in pace.pair.values())
    assert pace.validation > 0
    assert pace.pairs("plain", pace.seconds("plain", 1000, 2), 2) == 1000
