"""The learning rate over a run, as a pure function of how far it is."""

from __future__ import annotations

import math


def learning_rate_factor(progress: float, warmup: float) -> float:
    """Linear warm-up to 1, then a cosine to 0. ``progress`` and ``warmup`` are shares of the run in 0..1."""
    if progress < warmup:
        return max(progress, 1e-3) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warmup) / max(1e-9, 1 - warmup))))
