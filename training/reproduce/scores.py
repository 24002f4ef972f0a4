"""How a model of a comparison is scored: as the talk did, and over the whole gallery."""

from __future__ import annotations

from typing import Any

import numpy as np
from clipseek.evaluation import Scores, rank_pairs
from clipseek.evaluation.metrics import scores_of
from clipseek.evaluation.ranked import IMAGE_TO_TEXT, TEXT_TO_IMAGE

from ..data.pairs import Pairs
from ..machine import resolve_precision
from ..model.checkpoint import load_checkpoint
from ..model.embed import embed_distinct


def scored(checkpoint: str, pairs: Pairs, precision: str) -> tuple[Scores, Scores, dict[str, Any]]:
    """Captions ranked for a picture in batches of 64, as the talk did; pictures ranked for a caption over the whole gallery; and
    for JSON the ``sizes`` of both, with what paired intervals of the gallery need: ``reciprocal_ranks`` and ``clusters``."""
    loaded = load_checkpoint(checkpoint)
    vectors = embed_distinct(loaded, pairs, resolve_precision(precision, loaded.model.device))
    ranked = rank_pairs(*vectors, pairs.truth())
    queries = ranked.whole_gallery[TEXT_TO_IMAGE]
    batches, gallery = scores_of(ranked.in_batches[IMAGE_TO_TEXT].ranks), scores_of(queries.ranks)
    more = {
        "sizes": [batches.queries, batches.gallery, gallery.queries, gallery.gallery],
        "reciprocal_ranks": np.round(queries.figures()["MRR@20"], 6).tolist(),
        "clusters": queries.clusters.tolist(),
    }
    return batches, gallery, more
