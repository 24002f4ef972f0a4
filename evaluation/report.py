"""One model on one set of held-out pairs: both directions, inside batches and over everything, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .bootstrap import intervals
from .judgments import Judgments
from .metrics import TALK_BATCH, Rows, Scores, scores_of
from .ranked import IMAGE_TO_TEXT, TEXT_TO_IMAGE, Ranked, RankedPairs, rank_pairs

__all__ = ["IMAGE_TO_TEXT", "TEXT_TO_IMAGE", "Report", "evaluate", "report_of"]


@dataclass(frozen=True)
class Report:
    """Direction ("text to image", "image to text") -> scores. The talk ranks captions for pictures, image to text."""

    in_batches: dict[str, Scores]
    whole_gallery: dict[str, Scores]

    def rows(self) -> Iterator[tuple[str, str, Scores]]:
        """(what was ranked, direction, scores)."""
        for direction, scores in self.in_batches.items():
            yield f"batches of {scores.gallery:,}", direction, scores
        for direction, scores in self.whole_gallery.items():
            yield "whole gallery", direction, scores

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return {
            name: {direction.replace(" ", "_"): scores.as_dict() for direction, scores in part.items()}
            for name, part in (("in_batches", self.in_batches), ("whole_gallery", self.whole_gallery))
        }


def evaluate(texts: Rows, images: Rows, truth: Judgments, *, batch: int = TALK_BATCH, seed: int = 0) -> Report:
    """Score a model by its vectors, as ``rank_pairs`` takes them. Raises as it does."""
    return report_of(rank_pairs(texts, images, truth, batch=batch, seed=seed))


def report_of(ranked: RankedPairs) -> Report:
    """The figures of some ranks, with their intervals."""
    return Report(
        {direction: _with_intervals(one) for direction, one in ranked.in_batches.items()},
        {direction: _with_intervals(one) for direction, one in ranked.whole_gallery.items()},
    )


def _with_intervals(ranked: Ranked) -> Scores:
    named = ranked.figures()
    bounds = intervals(np.stack(list(named.values()), axis=1), clusters=ranked.clusters).tolist()
    return replace(
        scores_of(ranked.found), intervals={name: (low, high) for name, (low, high) in zip(named, bounds, strict=True)}
    )
