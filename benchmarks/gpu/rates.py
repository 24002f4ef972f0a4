"""Seconds of steps and of repeated calls, and what they come to."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

from parts import wait_for_device

#: The first steps find memory and kernels.
WARM = 2


def step_figures(ends: list[float], batch: int) -> dict[str, Any]:
    """Figures of a run whose steps ended at ``ends``, in seconds of one clock; the median leaves out saves between steps."""
    steps = [after - before for before, after in itertools.pairwise(ends)][WARM - 1 :]
    middle = statistics.median(steps)
    return {"steps": len(ends), "step_seconds": middle, "pairs_per_second": batch / middle, "step_seconds_each": steps}


def per_second(call: Callable[[], object], count: int, rounds: int) -> float:
    """``count`` by the median seconds of ``call``, after two that do not count."""
    times = []
    for turn in range(rounds + 2):
        began = time.perf_counter()
        call()
        wait_for_device()
        if turn >= 2:
            times.append(time.perf_counter() - began)
    return count / statistics.median(times)
