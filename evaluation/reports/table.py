"""The talk's table, with the sizes that it left out."""

from __future__ import annotations

from collections.abc import Sequence

from clipseek.files.text import aligned

from ..metrics import KS, Scores
from .comparison import Change


def before_after(rows: Sequence[tuple[str, str, Scores]]) -> str:
    """Plain text: one line for each (what was ranked, model, scores), MRR@1/3/5/10/20, and the sizes."""
    names = ["pictures", "model", "captions", "each against", *(f"MRR@{k}" for k in KS)]
    cells = [[what, model, *_sizes(scores), *(f"{scores.mrr[k]:.3f}" for k in KS)] for what, model, scores in rows]
    return _aligned(names, cells, left=2)


def report_table(rows: Sequence[tuple[str, str, Scores]]) -> str:
    """Plain text: one line for each (what was ranked, direction, scores), MRR@k with its interval, R@k, median rank."""
    return _aligned(*report_cells(rows), left=2)


def report_cells(rows: Sequence[tuple[str, str, Scores]]) -> tuple[list[str], list[list[str]]]:
    """Names of the columns and the cells of ``report_table``; the first two columns are words."""
    names = ["ranked", "direction", "queries", "each against", *(f"MRR@{k}" for k in KS), "95 % of MRR@20"]
    names += ["R@1", "R@5", "R@10", "nDCG@10", "median rank"]
    cells = []
    for what, direction, scores in rows:
        low, high = scores.intervals.get("MRR@20", (float("nan"), float("nan")))
        cells.append(
            [
                what,
                direction,
                *_sizes(scores),
                *(f"{scores.mrr[k]:.3f}" for k in KS),
                f"{low:.3f}-{high:.3f}",
                *(f"{scores.recall[k]:.3f}" for k in (1, 5, 10)),
                f"{scores.ndcg[10]:.3f}",
                f"{scores.median_rank:,g}",
            ]
        )
    return names, cells


def comparison_table(changes: Sequence[Change]) -> str:
    """Plain text: one line for each change, with the interval of the difference and the p value of the paired test."""
    return _aligned(*comparison_cells(changes), left=3)


def comparison_cells(changes: Sequence[Change]) -> tuple[list[str], list[list[str]]]:
    """Names of the columns and the cells of ``comparison_table``; the first three columns are words."""
    names = ["ranked", "direction", "figure", "queries", "each against", "after", "before", "difference"]
    names += ["95 % of difference", "p"]
    cells = []
    for one in changes:
        found = one.difference
        figures = [f"{one.queries:,}", f"{one.gallery:,}", f"{one.after:.3f}", f"{one.before:.3f}"]
        interval = f"{found.low:+.3f} to {found.high:+.3f}"
        cells.append(
            [one.ranked, one.direction, one.figure, *figures, f"{found.mean:+.3f}", interval, f"{found.p:.3f}"]
        )
    return names, cells


def _sizes(scores: Scores) -> tuple[str, str]:
    return f"{scores.queries:,}", f"{scores.gallery:,}"


def _aligned(names: list[str], cells: list[list[str]], left: int) -> str:
    return "\n".join(aligned(names, cells, right=range(left, len(names)), rule=True))
