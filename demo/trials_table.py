"""The recipes' table: a row for each arm, and how far ours are from the talk's, paired by query."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

import numpy as np
from clipseek.evaluation.bootstrap import Difference, paired
from clipseek.files.text import aligned
from numpy.typing import NDArray

Line = dict[str, Any]
TEST, GENERAL = "fresh-test", "general-test"


def comparison_table(lines: list[Line]) -> str:
    """Rows in the order in which names first come, each figure the mean over its seeds; ± is their standard deviation. Below,
    each of ours less each of the talk's that all the same seeds were trained of."""
    arms: dict[str, list[Line]] = {}
    for line in lines:
        arms.setdefault(line["name"], []).append(line)
    head = ["recipe", "seeds", "rate", "pairs seen", "s", "in batches", "±", "gallery", "±"]
    head += ["general in batches", "general gallery"]
    text = aligned(head, [_row(name, runs) for name, runs in arms.items()], right=range(1, len(head)), rule=True)
    sizes = lines[0][TEST]["sizes"]
    text.append(
        f"MRR@20. In batches: {sizes[0]:,} held-out pictures, each ranking the captions of its batch of {sizes[1]}, as in the talk; "
        f"gallery: {sizes[2]:,} captions, each ranking all {sizes[3]:,} pictures; s: by the measured pace of this machine"
    )
    changes = [_change(name, other, arms) for name in arms for other in arms if _ours(name) and _talk(other)]
    if changes:
        head = ["gallery MRR@20", "difference", "95 %", "1 - MRR@20", "95 %"]
        text += ["", *aligned(head, changes, right=range(1, len(head)), rule=True)]
        text.append(
            "1 - MRR@20: as a share of what the talk's leaves; intervals over queries, those of a concept together"
        )
    return "\n".join(text)


def _ours(name: str) -> bool:
    return name.startswith("ours")


def _talk(name: str) -> bool:
    return name.startswith("run-5")


def _row(name: str, runs: list[Line]) -> list[str]:
    first, batches, gallery = (
        runs[0],
        *([run[TEST][where]["20"] for run in runs] for where in ("in_batches", "gallery")),
    )
    general = [statistics.mean(run[GENERAL][where]["20"] for run in runs) for where in ("in_batches", "gallery")]
    cells = [""] * 4
    if first["rate"] is not None:  # not the base
        seconds = statistics.mean(run["seconds"] for run in runs)
        cells = [str(len(runs)), f"{first['rate']:g}", f"{first['pairs_seen']:,}", f"{seconds:.0f}"]
    for values in (batches, gallery):
        cells += [f"{statistics.mean(values):.3f}", _spread(values)]
    return [name, *cells, *(f"{value:.3f}" for value in general)]


def _change(name: str, other: str, arms: dict[str, list[Line]]) -> list[str]:
    """Ours less the talk's, and the share of 1 - MRR@20 that ours leaves, the means of the seeds compared query by query."""
    before, after = _queries(arms[other]), _queries(arms[name])
    change: Difference = paired(before, after, clusters=np.array(arms[name][0][TEST]["clusters"]))
    left = 1 - before.mean()
    shares = [1 - value / left for value in (change.mean, change.high, change.low)]
    return [
        f"{name} - {other}",
        f"{change.mean:+.3f}",
        f"{change.low:+.3f} to {change.high:+.3f}",
        f"{shares[0]:.3f}",
        f"{shares[1]:.3f} to {shares[2]:.3f}",
    ]


def _queries(runs: Iterable[Line]) -> NDArray[np.float64]:
    """(Q,) reciprocal ranks, means over the seeds."""
    means: NDArray[np.float64] = np.mean([run[TEST]["reciprocal_ranks"] for run in runs], axis=0)
    return means


def _spread(values: list[float]) -> str:
    return f"{statistics.stdev(values):.3f}" if len(values) > 1 else ""
