"""Dealing pairs into batches without duplicates."""

from __future__ import annotations

import random
import time

import pytest
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


def plainly(keys: list[list[tuple[int, int]]], size: int, seed: int) -> tuple[list[list[int]], list[int]]:
    """What ``deal`` is: each pair into the first open batch that has none of its keys, found by looking at all."""
    order = list(range(len(keys)))
    random.Random(seed).shuffle(order)
    batches: list[tuple[list[int], set[tuple[int, int]]]] = []
    full: list[list[int]] = []
    for index in order:
        own = set(keys[index])
        place = next((at for at, (_, held) in enumerate(batches) if held.isdisjoint(own)), len(batches))
        if place == len(batches):
            batches.append(([], set()))
        batches[place][0].append(index)
        batches[place][1].update(own)
        if len(batches[place][0]) == size:
            full.append(batches.pop(place)[0])
    return full, [index for batch, _ in batches for index in batch]


@pytest.mark.parametrize(
    ("rows", "size", "kinds"), [(300, 32, 97), (900, 16, 40), (400, 7, 3), (64, 64, 9), (500, 8, 1)]
)
def test_the_quick_way_deals_as_the_plain_one(rows: int, size: int, kinds: int) -> None:
    chance = random.Random(rows)
    keys = [
        [(0, chance.randrange(kinds)), (1, chance.randrange(3 * kinds))][: chance.randint(0, 2)] for _ in range(rows)
    ]
    assert deal(keys, size, 5) == plainly(keys, size, 5)


def test_a_frequent_key_costs_no_more_than_others() -> None:
    keys = [[(0, number), (1, 0 if number % 5 == 0 else number)] for number in range(60_000)]
    began = time.process_time()
    deal(keys, 64, 0)
    assert time.process_time() - began <= 3.0
