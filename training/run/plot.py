"""The loss plot of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clipseek.files.whole import whole_file


def plot_history(history: list[dict[str, Any]], path: Path) -> None:
    """Loss and learning rate by step, validation MRR@10 on a second axis, as a PNG at ``path``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    left = figure.add_subplot()
    steps = [row for row in history if "loss" in row]
    left.plot(
        [row["step"] for row in steps], [row["loss"] for row in steps], color="#3b6fb6", linewidth=1, label="loss"
    )
    left.set_xlabel("step")
    left.set_ylabel("contrastive loss", color="#3b6fb6")
    left.grid(alpha=0.25)
    passes = [row for row in history if "validation_mrr" in row]
    if passes:
        right = left.twinx()
        right.plot(
            [row["step"] for row in passes],
            [row["validation_mrr"] for row in passes],
            "o-",
            color="#c2571a",
            markersize=4,
        )
        right.set_ylabel("validation MRR@10, whole gallery", color="#c2571a")
        right.set_ylim(bottom=0)
    with whole_file(path) as part:
        figure.savefig(part, dpi=120)
