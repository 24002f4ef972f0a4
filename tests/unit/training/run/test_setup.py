"""How a run begins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clipseek.training.config import TrainConfig
from clipseek.training.data.pairs import Pairs

pytestmark = pytest.mark.train


def test_a_share_of_the_groups_is_held_out_where_enough_are_left() -> None:
    from clipseek.training.run.setup import _held_out

    names = [str(number) for number in range(40)]
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    pairs = Pairs(pixels, names, np.arange(40), names, names)
    learn, held = _held_out(TrainConfig(validation_share=0.3), pairs)
    assert held is not None
    assert sorted(learn.captions + held.captions) == sorted(names)
    assert not set(learn.groups) & set(held.groups)
    single = replace(pairs, groups=["one"] * 40)
    learn, held = _held_out(TrainConfig(), single)
    assert learn is single
    assert held is None


def test_a_timed_run_keeps_time_for_choosing_its_weights() -> None:
    from clipseek.training.run.setup import _time_limit

    assert _time_limit(TrainConfig(interpolate=False), 60.0, 2.0) == 60 - 2 - 1
    assert _time_limit(TrainConfig(), 60.0, 2.0) == 60 - 5 * 2 - 1
    assert _time_limit(TrainConfig(), 60.0, 20.0) == 30  # half of it trains in any case
