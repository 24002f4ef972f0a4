"""The talk's table, with the sizes that it left out."""

from __future__ import annotations

from collections.abc import Sequence

from .metrics import KS, Scores


def before_after(rows: Sequence[tuple[str, str, Scores]]) -> str:
    """Plain text: one line for each (what was ranked, model, scores), MRR@1/3/5/10/20, and the sizes."""
    names = ["pictures", "model", "captions", "each against", *(f"MRR@{k}" for k in KS)]
    cells = [[what, model, *_sizes(scores), *(f"{scores.mrr[k]:.3f}" for k in KS)] for what, model, scores in rows]
    return _aligned(names, cells, left=2)


def report_table(rows: Sequence[tuple[str, str, Scores]]) -> str:
    """Plain text: one line for each (what was ranked, direction, scores), MRR@k with its interval, R@k, median rank."""
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
    return _aligned(names, cells, left=2)


def _sizes(scores: Scores) -> tuple[str, str]:
    return f"{scores.queries:,}", f"{scores.gallery:,}"


def _aligned(names: list[str], cells: list[list[str]], left: int) -> str:
    """Columns two blanks apart, the first ``left`` of them flush left, the others right."""
    widths = [max(len(row[column]) for row in [names, *cells]) for column in range(len(names))]
    lines = []
    for row in [names, ["-" * width for width in widths], *cells]:
        words = [cell.ljust(width) for cell, width in zip(row[:left], widths[:left], strict=True)]
        figures = [cell.rjust(width) for cell, width in zip(row[left:], widths[left:], strict=True)]
        lines.append("  ".join([*words, *figures]).rstrip())
    return "\n".join(lines)
