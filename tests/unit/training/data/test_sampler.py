"""Batches of an epoch."""

from __future__ import annotations

import time

import numpy as np
from clipseek.training.data.sampler import drawn_batches, epoch_batches
from numpy.typing import NDArray


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


def crowded(rows: int) -> NDArray[np.int64]:
    """A fifth of all rows has one caption and one group."""
    own = np.arange(rows)
    shared = np.where(own % 5 == 0, 0, own)
    return np.stack([own, shared, shared], axis=1)


def test_a_frequent_caption_is_spread_over_all_batches_and_every_row_is_seen() -> None:
    keys = crowded(6_400)
    batches = epoch_batches(keys, 64, 0, 0)
    assert sorted(row for batch in batches for row in batch) == list(range(6_400))
    counts = [sum(keys[row, 1] == 0 for row in batch) for batch in batches]
    assert max(counts) - min(counts) <= 2  # of 12.8
    for batch in batches:
        others = [keys[row, 1] for row in batch if keys[row, 1]]
        assert len(others) == len(set(others))


def test_an_epoch_of_100_000_pairs_with_a_frequent_caption_is_dealt_in_seconds() -> None:
    """Half of one of an idle core; it was 94, which grew with the square of the pairs."""
    keys = crowded(100_000)
    began = time.process_time()
    assert len(epoch_batches(keys, 64, 0, 0)) == 100_000 // 64
    assert time.process_time() - began <= 2


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
