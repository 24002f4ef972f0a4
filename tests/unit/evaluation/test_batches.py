"""Dealing pairs into batches without duplicates."""

from __future__ import annotations

from clipseek.evaluation.batches import deal


def test_no_key_twice_in_a_batch_and_every_pair_once() -> None:
    keys = [[("group", i // 2), ("caption", i % 97)] for i in range(300)]
    batches, left = deal(keys, 32, seed=3)
    assert len(batches) == 9
    for batch in batches:
        held = [key for i in batch for key in keys[i]]
        assert len(batch) == 32
        assert len(held) == len(set(held))
    assert sorted([i for batch in batches for i in batch] + left) == list(range(300))


def test_the_seed_decides() -> None:
    keys = [[i] for i in range(100)]
    assert deal(keys, 10, seed=1) == deal(keys, 10, seed=1)
    assert deal(keys, 10, seed=1) != deal(keys, 10, seed=2)


def test_what_cannot_be_kept_apart_is_left_over() -> None:
    batches, left = deal([["same"]] * 5 + [[i] for i in range(5)], 4, seed=0)
    assert batches
    assert all(sum(i < 5 for i in batch) <= 1 for batch in batches)
    assert sorted([i for batch in batches for i in batch] + left) == list(range(10))


def test_a_pair_without_keys_fits_anywhere() -> None:
    batches, left = deal([[]] * 6, 3, seed=0)
    assert ([len(batch) for batch in batches], left) == ([3, 3], [])


def test_nothing_to_deal() -> None:
    assert deal([], 4, seed=0) == ([], [])
