"""The learning rate over a run, as a pure function of how far it is."""

from __future__ import annotations

import math

SCHEDULES = ("cosine", "linear", "constant")


def learning_rate_factor(progress: float, warmup: float, kind: str = "cosine") -> float:
    """Linear warm-up to 1, then down to 0 by a cosine or a line, or constant.

    ``progress`` and ``warmup`` are shares of the run in 0..1, of its steps or of its time.
    """
    if progress < warmup:
        return max(progress, 1e-3) / warmup
    rest = min(1.0, (progress - warmup) / max(1e-9, 1 - warmup))
    if kind == "constant":
        return 1.0
    return 1 - rest if kind == "linear" else 0.5 * (1 + math.cos(math.pi * rest))
