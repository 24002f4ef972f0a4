"""The talk's table, with the sizes that it left out."""

from __future__ import annotations

from collections.abc import Sequence

from .metrics import KS, Scores


def before_after(rows: Sequence[tuple[str, str, Scores]]) -> str:
    """Plain text: one line for each (what was ranked, model, scores), MRR@1/3/5/10/20, and the sizes."""
    names = ["pictures", "model", "captions", "each against", *(f"MRR@{k}" for k in KS)]
    cells = [
        [what, model, f"{scores.queries:,}", f"{scores.gallery:,}", *(f"{scores.mrr[k]:.3f}" for k in KS)]
        for what, model, scores in rows
    ]
    widths = [max(len(row[column]) for row in [names, *cells]) for column in range(len(names))]
    lines = []
    for row in [names, ["-" * width for width in widths], *cells]:
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join([*left, *right]).rstrip())
    return "\n".join(lines)
