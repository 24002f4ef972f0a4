"""Which pairs make up which batch: a pure function of the seed and the epoch, so that a resumed run goes on exactly."""

from __future__ import annotations

import random

from clipseek.evaluation.batches import deal
from clipseek.evaluation.judgments import Ints


def epoch_batches(keys: Ints, size: int, seed: int, epoch: int) -> list[list[int]]:
    """len(keys) // size batches (at least one) of ``size`` rows; every row at most once.

    keys: (N, K) int64, -1 for none; two rows that agree in a column are kept out of one batch where that is possible.
    Rows of keys too frequent for it fill the last batches, where the loss shares the target between them.
    """
    size = min(size, len(keys))
    named = [[(column, key) for column, key in enumerate(row) if key >= 0] for row in keys.tolist()]
    batches, left = deal(named, size, f"{seed}/{epoch}")
    random.Random(f"{seed}/{epoch}/left").shuffle(left)
    batches += [left[start : start + size] for start in range(0, len(left) - size + 1, size)]
    random.Random(f"{seed}/{epoch}/order").shuffle(batches)
    return batches


def drawn_batches(rows: int, samples: int, size: int, seed: int, epoch: int) -> list[list[int]]:
    """An epoch of ``samples`` draws with replacement from ``rows`` pairs: ceil(samples / size) batches, the last one with the
    rest (left out where that is a single pair, which has no negatives)."""
    chance = random.Random(f"{seed}/{epoch}/draw")
    drawn = [chance.randrange(rows) for _ in range(samples)]
    batches = [drawn[start : start + size] for start in range(0, samples, size)]
    return batches if len(batches[-1]) > 1 else batches[:-1]
