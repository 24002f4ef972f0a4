"""One model on one set of held-out pairs: both directions, inside batches and over everything, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..bootstrap import intervals
from ..judgments import Judgments
from ..metrics import TALK_BATCH, Rows, Scores, scores_of
from ..ranked import Ranked, RankedPairs, rank_pairs


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
            name: {direction.replace(" ", "_"): asdict(scores) for direction, scores in part.items()}
            for name, part in (("in_batches", self.in_batches), ("whole_gallery", self.whole_gallery))
        }


def evaluate(texts: Rows, images: Rows, truth: Judgments, *, batch: int = TALK_BATCH, seed: int = 0) -> Report:
    """Score a model by its vectors, as ``rank_pairs`` takes them. Raises as it does."""
    return report_of(rank_pairs(texts, images, truth, batch=batch, seed=seed))


def report_of(ranked: RankedPairs) -> Report:
    """The figures of some ranks, with their intervals."""
    return Report(_with_intervals(ranked.in_batches), _with_intervals(ranked.whole_gallery))


def _with_intervals(directions: dict[str, Ranked]) -> dict[str, Scores]:
    """Direction -> its scores. Directions whose queries are resampled alike share the draws, which cost most."""
    scores: dict[str, Scores] = {}
    for direction, ranked in directions.items():
        if direction not in scores:
            alike = {name: one for name, one in directions.items() if np.array_equal(one.clusters, ranked.clusters)}
            columns = [column for one in alike.values() for column in one.figures().values()]
            bounds = iter(intervals(np.stack(columns, axis=1), clusters=ranked.clusters).tolist())
            for name, one in alike.items():
                own = {figure: (low, high) for figure, (low, high) in zip(one.figures(), bounds, strict=False)}
                scores[name] = replace(scores_of(one.ranks), intervals=own)
    return {direction: scores[direction] for direction in directions}
