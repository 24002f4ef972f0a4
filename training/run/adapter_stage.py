"""The adapter as the first stage of ``auto``: on how many pairs, and in which batches."""

from __future__ import annotations

import random

from ..data.pairs import Pairs

#: Both towers' outputs of each pair come first, in several views: of more pairs they would take hours before anything is learnt.
MOST_PAIRS = 20_000


def adapter_batch(pairs: int) -> int:
    """Pairs of its batches: with few pairs too an epoch has several steps, for validation looks after each."""
    return min(1024, max(32, pairs // 8))


def adapter_sample(pairs: Pairs, seed: int) -> Pairs:
    """``pairs``, or MOST_PAIRS of them, the same ones for one seed."""
    if len(pairs) <= MOST_PAIRS:
        return pairs
    return pairs.take(sorted(random.Random(seed).sample(range(len(pairs)), MOST_PAIRS)))
