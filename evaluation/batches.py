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
    open_batches: list[tuple[list[int], set[Hashable]]] = []
    full: list[list[int]] = []
    for index in order:
        own = set(keys[index])
        place = next((at for at, (_, held) in enumerate(open_batches) if held.isdisjoint(own)), None)
        if place is None:
            place = len(open_batches)
            open_batches.append(([], set()))
        batch, held = open_batches[place]
        batch.append(index)
        held |= own
        if len(batch) == size:
            full.append(batch)
            del open_batches[place]
    return full, [index for batch, _ in open_batches for index in batch]
