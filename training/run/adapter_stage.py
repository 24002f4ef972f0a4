"""The adapter as the first stage of ``auto``: on how many pairs, and in which batches."""

from __future__ import annotations

import random

from ..data.pairs import Pairs
from ..model.checkpoint import Checkpoint
from ..model.embed import VIEWS
from ..step.distributed import World
from .trial import ROWS, embed_seconds

#: Both towers' outputs of each pair come first, in several views: of more pairs they would take hours before anything is learnt.
MOST_PAIRS = 20_000
#: Where the time is limited, the outputs take about this share of it; fewer pairs than FEWEST teach little.
SHARE, FEWEST = 0.5, 256


def adapter_batch(pairs: int) -> int:
    """Pairs of its batches: with few pairs too an epoch has several steps, for validation looks after each."""
    return min(1024, max(32, pairs // 8))


def affordable_pairs(checkpoint: Checkpoint, pairs: Pairs, precision: str, seconds: float) -> int:
    """Of how many of ``pairs`` the outputs come within their share of ``seconds`` on this machine: FEWEST to MOST_PAIRS."""
    few = pairs.take(list(range(min(ROWS, len(pairs)))))
    each = embed_seconds(checkpoint, few, precision, World())
    return max(FEWEST, min(MOST_PAIRS, int(SHARE * seconds / (VIEWS * each))))


def adapter_sample(pairs: Pairs, seed: int, most: int) -> Pairs:
    """``pairs``, or ``most`` of them, the same ones for one seed."""
    if len(pairs) <= most:
        return pairs
    return pairs.take(sorted(random.Random(seed).sample(range(len(pairs)), most)))
