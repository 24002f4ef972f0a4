"""The talk's table, with what it left out: the whole gallery, and how sure its figures are."""

from __future__ import annotations

from typing import Any

import numpy as np
from clipseek.evaluation import KS
from clipseek.evaluation.bootstrap import intervals
from clipseek.files.text import aligned

from .arms import BASE, PUBLISHED

Line = dict[str, Any]


def table(name: str, lines: list[Line]) -> str:
    """A row for each arm, figures means over its seeds; intervals over queries, those of one concept or picture together."""
    head = ["recipe", "seeds", "rate", "pairs seen", "s", *(f"MRR@{k}" for k in KS), "hit@1", "hit@10"]
    head += ["gallery MRR@20", "95 %", "hit@1", "hit@10"]
    rows = [_published(title, figures) for title, figures in PUBLISHED.items() if name == "imageclef"]
    for arm in dict.fromkeys(line["arm"] for line in lines):
        rows.append(_row([line for line in lines if line["arm"] == arm]))
    text = aligned(head, rows, right=range(1, len(head)), rule=True)
    sizes = lines[0]["sizes"]
    text.append(
        f"MRR@k and hit@k: {sizes[0]:,} test pictures, each ranking the captions of its batch of {sizes[1]}, as in the talk; "
        f"gallery: {sizes[2]:,} captions, each ranking all {sizes[3]:,} test pictures"
    )
    return "\n".join(text)


def _row(runs: list[Line]) -> list[str]:
    first = runs[0]
    gallery = np.mean([run["reciprocal_ranks"] for run in runs], axis=0)
    low, high = intervals(gallery[:, None], clusters=np.array(first["clusters"]))[0].tolist()
    trained = first["arm"] != BASE
    return [
        first["arm"],
        str(len(runs)) if trained else "",
        f"{first['rate']:g}" if trained else "",
        f"{first['pairs_seen']:,}" if trained else "",
        f"{np.mean([run['seconds'] for run in runs]):.0f}" if trained else "",
        *(f"{np.mean([run['mrr'][str(k)] for run in runs]):.3f}" for k in KS),
        *(f"{np.mean([run['hit'][str(k)] for run in runs]):.3f}" for k in (1, 10)),
        f"{gallery.mean():.3f}",
        f"{low:.3f}-{high:.3f}",
        *(f"{np.mean([run['gallery_hit'][str(k)] for run in runs]):.3f}" for k in (1, 10)),
    ]


def _published(title: str, figures: tuple[float, ...]) -> list[str]:
    return [f"{title}, published", "", "", "", "", *(f"{value:.3f}" for value in figures), *[""] * 6]
