"""The adapter as the first stage of ``auto``: on how many pairs, and in which batches."""

from __future__ import annotations

import random
import time

import torch

from ..data.pairs import Pairs
from ..machine import resolve_precision
from ..model.checkpoint import Checkpoint
from ..model.embed import VIEWS, pooled_distinct
from ..step.distributed import World

#: Both towers' outputs of each pair come first, in several views: of more pairs they would take hours before anything is learnt.
MOST_PAIRS = 20_000
#: Where the time is limited, the outputs take about this share of it, as timed on so many pairs; fewer than FEWEST teach little.
SHARE, TIMED, FEWEST = 0.5, 64, 256


def adapter_batch(pairs: int) -> int:
    """Pairs of its batches: with few pairs too an epoch has several steps, for validation looks after each."""
    return min(1024, max(32, pairs // 8))


def affordable_pairs(checkpoint: Checkpoint, pairs: Pairs, precision: str, seconds: float) -> int:
    """Of how many of ``pairs`` the outputs come within their share of ``seconds`` on this machine: FEWEST to MOST_PAIRS."""
    device = World().device
    network: torch.nn.Module = checkpoint.model
    network.to(device)
    few = pairs.take(list(range(min(TIMED, len(pairs)))))
    began = time.perf_counter()
    pooled_distinct(checkpoint, few, resolve_precision(precision, device))
    each = (time.perf_counter() - began) / len(few)
    return max(FEWEST, min(MOST_PAIRS, int(SHARE * seconds / (VIEWS * each))))


def adapter_sample(pairs: Pairs, seed: int, most: int) -> Pairs:
    """``pairs``, or ``most`` of them, the same ones for one seed."""
    if len(pairs) <= most:
        return pairs
    return pairs.take(sorted(random.Random(seed).sample(range(len(pairs)), most)))
