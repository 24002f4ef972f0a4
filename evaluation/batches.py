"""Dealing pairs into batches that hold no key twice.

Two pairs with an equal caption or of an equal group are right answers for one another; side by side in a batch one
would count as a wrong answer, in a metric as in a contrastive loss.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Sequence


def deal(keys: Sequence[Iterable[Hashable]], size: int, seed: int | str) -> tuple[list[list[int]], list[int]]:
    """Whole batches of ``size`` indices, shuffled by ``seed``, no key twice in one batch; and the indices left over.

    ``keys[i]`` are the keys of pair i. Each pair goes into the first open batch that has none of its keys. Left over
    are those of batches that did not fill: at most ``size - 1`` where no key is frequent, more of a key that occurs
    more often than there are batches.
    """
    order = list(range(len(keys)))
    random.Random(seed).shuffle(order)
    batches: list[list[int]] = []
    full: list[list[int]] = []
    held: list[set[Hashable]] = []
    # After a full batch comes the next that may be open: full ones are passed over in one step.
    after: list[int] = [0]
    # Of each key, the first batch that may lack it: no open batch before it does. Without, a frequent key is quadratic.
    lacking: dict[Hashable, int] = {}
    for index in order:
        own = set(keys[index])
        for key in own:
            at = _open(after, lacking.get(key, 0))
            while at < len(batches) and key in held[at]:
                at = _open(after, at + 1)
            lacking[key] = at
        place = _open(after, max((lacking[key] for key in own), default=0))
        while place < len(batches) and not held[place].isdisjoint(own):
            place = _open(after, place + 1)
        if place == len(batches):
            batches.append([])
            held.append(set())
            after.append(place + 1)
        batches[place].append(index)
        held[place] |= own
        if len(batches[place]) == size:
            after[place] = place + 1
            held[place] = set()
            full.append(batches[place])
    return full, [index for batch in batches if len(batch) < size for index in batch]


def _open(after: list[int], at: int) -> int:
    """The first batch from ``at`` on that is not full: ``after[n]`` is n for an open one. Paths over full ones are shortened."""
    end = at
    while after[end] != end:
        end = after[end]
    while after[at] != end:
        after[at], at = end, after[at]
    return end
