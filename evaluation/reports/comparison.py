"""One model against another on the same pairs: the difference of each figure, how sure it is, and a paired test."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..bootstrap import Difference, paired_columns
from ..errors import EvaluationError
from ..ranked import RankedPairs


@dataclass(frozen=True)
class Change:
    """One figure of two models. ``ranked``: "batches of 64" or "whole gallery"; ``figure``: "MRR@20" and the like."""

    ranked: str
    direction: str
    queries: int
    gallery: int
    figure: str
    after: float
    before: float
    difference: Difference

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON; the parts of the difference stand beside the rest."""
        fields = asdict(self)
        difference = fields.pop("difference")
        return {**fields, "difference": difference["mean"], **{name: difference[name] for name in ("low", "high", "p")}}


def compare(before: RankedPairs, after: RankedPairs) -> list[Change]:
    """Every figure of ``after`` minus that of ``before``, with 95 % intervals; groups of queries are drawn together.

    Both must come from ``rank_pairs`` with the same judgments, batch and seed. Raises EvaluationError where they do not.
    """
    changes = []
    for (what, direction, old), (_, _, new) in zip(before.rows(), after.rows(), strict=True):
        same = np.array_equal(old.clusters, new.clusters) and np.array_equal(old.ranks.right, new.ranks.right)
        if not same or old.ranks.gallery != new.ranks.gallery:
            raise EvaluationError(
                f"{len(old.clusters)} queries over {old.ranks.gallery} before and {len(new.clusters)} over "
                f"{new.ranks.gallery} after are not the same ones; rank both models on the same pairs, batch and seed"
            )
        was, now = old.figures(), new.figures()
        columns = np.stack([now[name] - was[name] for name in now], axis=1)
        for name, difference in zip(now, paired_columns(columns, clusters=new.clusters), strict=True):
            means = float(now[name].mean()), float(was[name].mean())
            changes.append(Change(what, direction, len(now[name]), new.ranks.gallery, name, *means, difference))
    return changes
