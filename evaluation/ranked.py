"""Where each query's right answer came, for one model on one set of pairs: what scores and comparisons are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .errors import TooFewPairs
from .judgments import Ints, Judgments
from .metrics import TALK_BATCH, Floats, Rows, rank_in_batches, reciprocal_ranks, talk_batches
from .ranking import Ranks, rank

TEXT_TO_IMAGE, IMAGE_TO_TEXT = "text to image", "image to text"


@dataclass(frozen=True)
class Ranked:
    """The queries of one direction. ``clusters``: (Q,) int64, queries of equal numbers rise and fall together."""

    ranks: Ranks
    clusters: Ints

    def figures(self) -> dict[str, Floats]:
        """What each query adds to the means that have intervals: name -> (Q,)."""
        best = self.ranks.best
        return {
            "MRR@10": reciprocal_ranks(best, 10),
            "MRR@20": reciprocal_ranks(best, 20),
            "R@1": (best <= 1).astype(np.float64),
            "R@10": (best <= 10).astype(np.float64),
        }


@dataclass(frozen=True)
class RankedPairs:
    """Direction -> ranks, inside batches and over the whole gallery."""

    in_batches: dict[str, Ranked]
    whole_gallery: dict[str, Ranked]

    def rows(self) -> Iterator[tuple[str, str, Ranked]]:
        """(what was ranked, direction, ranks), in the order of the tables."""
        for direction, ranked in self.in_batches.items():
            yield f"batches of {ranked.ranks.gallery:,}", direction, ranked
        for direction, ranked in self.whole_gallery.items():
            yield "whole gallery", direction, ranked


def rank_pairs(texts: Rows, images: Rows, truth: Judgments, *, batch: int = TALK_BATCH, seed: int = 0) -> RankedPairs:
    """Rank both directions.

    texts (N, D): one unit row for each caption of ``truth``. images (P, D): one for each picture. In batches a picture
    stands with its first caption; over the whole gallery every caption is a query and, the other way, an item.
    Equal ``truth``, ``batch`` and ``seed`` give equal queries in equal order, whatever the model.
    Raises TooFewPairs for no pairs, BadVectors for vectors that cannot be ranked.
    """
    if not truth.captions:
        raise TooFewPairs("no pairs to evaluate; name a source with pictures and captions")
    batches = talk_batches(truth, batch, seed)
    of_captions = images[truth.owner]
    group = _clusters(truth)
    drawn = group[np.concatenate(batches)]
    return RankedPairs(
        in_batches={
            IMAGE_TO_TEXT: Ranked(rank_in_batches(of_captions, texts, truth, batches), drawn),
            TEXT_TO_IMAGE: Ranked(rank_in_batches(texts, of_captions, truth, batches), drawn),
        },
        whole_gallery={
            IMAGE_TO_TEXT: Ranked(rank(images, texts, truth.image_to_text()), group[truth.first_captions()]),
            TEXT_TO_IMAGE: Ranked(rank(texts, images, truth.text_to_image()), group),
        },
    )


def _clusters(truth: Judgments) -> Ints:
    """What rises and falls together in a resample: the captions of a group, else of a picture."""
    last = truth.keys[:, -1]
    grouped = truth.keys.shape[1] > 2
    return np.where(last >= 0, last, last.max(initial=0) + 1 + truth.owner) if grouped else truth.owner
