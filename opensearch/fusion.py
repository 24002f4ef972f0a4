"""The server's fusion arithmetic, done again here so that each hit can say which clause brought how much of its score.

Formulas as OpenSearch's neural-search plugin computes them (2.19): min_max gives a clause's worst candidate 0.001, and 1 where all
score the same; l2 divides by the Euclidean length; a clause without the document adds 0; rrf adds 1 / (constant + rank).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from .pipelines import RANK_CONSTANT, Fusion

Candidates = Mapping[str, float]  # document id -> raw score, best first


def contributions(
    fusion: Fusion, candidates: Mapping[str, Candidates], weights: Mapping[str, float], document: str
) -> dict[str, float]:
    """What each clause adds to the document's fused score; the values sum to it."""
    added: dict[str, float] = {}
    for name, scores in candidates.items():
        if document not in scores:
            added[name] = 0.0
        elif fusion == "rrf":
            added[name] = 1 / (RANK_CONSTANT + 1 + list(scores).index(document))
        else:
            normalize = _min_max if fusion == "min_max" else _l2
            added[name] = weights[name] * normalize(scores, scores[document])
    return added


def _min_max(scores: Candidates, score: float) -> float:
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return 1.0
    return max(0.001, (score - low) / (high - low))


def _l2(scores: Candidates, score: float) -> float:
    length = math.sqrt(sum(value * value for value in scores.values()))
    return score / length if length else 0.0
