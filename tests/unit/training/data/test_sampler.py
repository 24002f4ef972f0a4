"""Batches of an epoch."""

from __future__ import annotations

import numpy as np
from clipseek.training.data.sampler import drawn_batches, epoch_batches


def test_a_pure_function_of_seed_and_epoch() -> None:
    keys = np.arange(100)[:, None]
    assert epoch_batches(keys, 10, 1, 3) == epoch_batches(keys, 10, 1, 3)
    assert epoch_batches(keys, 10, 1, 3) != epoch_batches(keys, 10, 1, 4)
    assert epoch_batches(keys, 10, 1, 3) != epoch_batches(keys, 10, 2, 3)


def test_every_row_once_and_equal_keys_apart() -> None:
    keys = np.stack([np.arange(120), np.arange(120) // 3, np.full(120, -1)], axis=1)
    batches = epoch_batches(keys, 12, 0, 0)
    assert sorted(row for batch in batches for row in batch) == list(range(120))
    crowded = [batch for batch in batches if len({row // 3 for row in batch}) < 12]
    assert len(crowded) <= 1  # what found no place makes up the rest


def test_a_key_on_every_row_still_gives_all_batches() -> None:
    keys = np.stack([np.arange(50), np.zeros(50, np.int64)], axis=1)
    batches = epoch_batches(keys, 8, 0, 0)
    assert [len(batch) for batch in batches] == [8] * 6


def test_fewer_rows_than_a_batch() -> None:
    assert sorted(epoch_batches(np.arange(5)[:, None], 64, 0, 0)[0]) == [0, 1, 2, 3, 4]


def test_draws_with_replacement_are_the_talks_epoch() -> None:
    batches = drawn_batches(10, 25, 8, 0, 0)
    assert [len(batch) for batch in batches] == [8, 8, 8]  # a last pair alone has nothing to be told from
    assert [len(batch) for batch in drawn_batches(10, 26, 8, 0, 0)] == [8, 8, 8, 2]
    assert batches == drawn_batches(10, 25, 8, 0, 0) != drawn_batches(10, 25, 8, 0, 1)
    drawn = [row for batch in drawn_batches(10, 5_000, 50, 3, 0) for row in batch]
    assert set(drawn) == set(range(10))
    assert max(drawn.count(row) for row in range(10)) < 600
