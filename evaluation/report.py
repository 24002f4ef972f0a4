"""One model on one set of held-out pairs: both directions, inside batches and over everything, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .bootstrap import intervals
from .errors import TooFewPairs
from .judgments import Ints, Judgments
from .metrics import TALK_BATCH, Rows, Scores, rank_in_batches, reciprocal_ranks, scores_of, talk_batches
from .ranking import Ranks, rank

TEXT_TO_IMAGE, IMAGE_TO_TEXT = "text to image", "image to text"


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
    """Score a model by its vectors.

    texts (N, D): one unit row for each caption of ``truth``. images (P, D): one for each picture. In batches a picture
    stands with its first caption; over the whole gallery every caption is a query and, the other way, an item.
    Raises TooFewPairs for no pairs, BadVectors for vectors that cannot be ranked.
    """
    if not truth.captions:
        raise TooFewPairs("no pairs to evaluate; name a source with pictures and captions")
    batches = talk_batches(truth, batch, seed)
    of_captions = images[truth.owner]
    group = _clusters(truth)
    inside = {
        IMAGE_TO_TEXT: rank_in_batches(of_captions, texts, truth, batches),
        TEXT_TO_IMAGE: rank_in_batches(texts, of_captions, truth, batches),
    }
    drawn = np.concatenate(batches)
    everything = {
        IMAGE_TO_TEXT: rank(images, texts, truth.image_to_text()),
        TEXT_TO_IMAGE: rank(texts, images, truth.text_to_image()),
    }
    clusters = {IMAGE_TO_TEXT: group[truth.first_captions()], TEXT_TO_IMAGE: group}
    return Report(
        {direction: _with_intervals(found, group[drawn]) for direction, found in inside.items()},
        {direction: _with_intervals(found, clusters[direction]) for direction, found in everything.items()},
    )


def _clusters(truth: Judgments) -> Ints:
    """What rises and falls together in a resample: the captions of a group, else of a picture."""
    last = truth.keys[:, -1]
    grouped = truth.keys.shape[1] > 2
    return np.where(last >= 0, last, last.max(initial=0) + 1 + truth.owner) if grouped else truth.owner


def _with_intervals(found: Ranks, clusters: Ints) -> Scores:
    named = {
        "MRR@10": reciprocal_ranks(found.best, 10),
        "MRR@20": reciprocal_ranks(found.best, 20),
        "R@1": (found.best <= 1).astype(np.float64),
        "R@10": (found.best <= 10).astype(np.float64),
    }
    bounds = intervals(np.stack(list(named.values()), axis=1), clusters=clusters).tolist()
    return replace(
        scores_of(found), intervals={name: (low, high) for name, (low, high) in zip(named, bounds, strict=True)}
    )
