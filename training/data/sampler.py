"""Which pairs make up which batch: a pure function of the seed and the epoch, so that a resumed run goes on exactly."""

from __future__ import annotations

import random
from collections import Counter, deque

import numpy as np
from clipseek.evaluation.batches import deal
from clipseek.evaluation.judgments import Ints


def epoch_batches(keys: Ints, size: int, seed: int, epoch: int) -> list[list[int]]:
    """len(keys) // size batches (at least one) of ``size`` rows; every row at most once.

    keys: (N, K) int64, -1 for none; two rows that agree in a column are kept out of one batch where that is possible.
    Rows of a key that more rows have than there are batches are spread evenly over all of them, where the loss shares the target
    between them.
    """
    size = min(size, len(keys))
    count = len(keys) // size
    named = [[(column, key) for column, key in enumerate(row) if key >= 0] for row in _shared(keys).tolist()]
    rare, frequent = _apart(named, count, f"{seed}/{epoch}/frequent")
    # Of each batch, so many places are left for the rows of frequent keys.
    dealt, left = deal([named[row] for row in rare], max(1, size - -(-len(frequent) // count)), f"{seed}/{epoch}")
    batches = [[rare[at] for at in batch] for batch in dealt]
    rest = [rare[at] for at in left]
    random.Random(f"{seed}/{epoch}/left").shuffle(rest)
    if frequent:
        batches = _filled(batches, rest, frequent, count, size)
    else:
        batches += [rest[start : start + size] for start in range(0, len(rest) - size + 1, size)]
    random.Random(f"{seed}/{epoch}/order").shuffle(batches)
    return batches


def _shared(keys: Ints) -> Ints:
    """The keys that several rows have; -1 for the others, which keep no two rows apart."""
    shared = keys.copy()
    for column in shared.T:
        _, place, uses = np.unique(column, return_inverse=True, return_counts=True)
        column[uses[place] == 1] = -1
    return shared


def _apart(named: list[list[tuple[int, int]]], count: int, seed: str) -> tuple[list[int], list[int]]:
    """Rows that may be dealt, at most ``count`` of any key, and the others, rows of one key side by side."""
    uses = Counter(key for own in named for key in own)
    if max(uses.values(), default=0) <= count:
        return list(range(len(named))), []
    order = list(range(len(named)))
    random.Random(seed).shuffle(order)
    dealt: Counter[tuple[int, int]] = Counter()
    rare: list[int] = []
    frequent: list[tuple[tuple[int, int], int]] = []
    for row in order:
        crowded = [key for key in named[row] if dealt[key] >= count]
        if crowded:
            frequent.append((crowded[0], row))
        else:
            rare.append(row)
            dealt.update(named[row])
    return sorted(rare), [row for _, row in sorted(frequent)]


def _filled(batches: list[list[int]], rest: list[int], frequent: list[int], count: int, size: int) -> list[list[int]]:
    """``count`` batches of ``size``: the ``batches`` that were dealt, and the other rows, one to each in turn."""
    rest += [row for batch in batches[count:] for row in batch]
    made = batches[:count] + [[] for _ in range(count - len(batches))]
    waiting = deque([*frequent, *rest])
    for _ in range(size):
        for batch in made:
            if len(batch) < size and waiting:
                batch.append(waiting.popleft())
    return made


def drawn_batches(rows: int, samples: int, size: int, seed: int, epoch: int) -> list[list[int]]:
    """An epoch of ``samples`` draws with replacement from ``rows`` pairs: ceil(samples / size) batches, the last one with the
    rest (left out where that is a single pair, which has no negatives)."""
    chance = random.Random(f"{seed}/{epoch}/draw")
    drawn = [chance.randrange(rows) for _ in range(samples)]
    batches = [drawn[start : start + size] for start in range(0, samples, size)]
    return batches if len(batches[-1]) > 1 else batches[:-1]
