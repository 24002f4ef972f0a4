"""The server's fusion arithmetic, done again here: so that each hit can say which clause brought how much of its score, and so that
weights can be tried without asking the server again.

Formulas as OpenSearch's neural-search plugin computes them. Normalisation: min_max gives a clause's worst candidate 0.001,
and 1 where all score the same; l2 divides by the Euclidean length; z_score (3.0) takes the mean away and divides by the
sample's standard deviation, at least 0.001. Means, weighted: the arithmetic counts a clause without the document as 0; the
geometric and the harmonic leave it out. rrf adds 1 / (constant + rank), times its weight where there are weights (3.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..query.pipelines import RANK_CONSTANT, Fusion, Mean

Candidates = Mapping[str, float]  # document id -> raw score, best first


def normalized(fusion: Fusion, scores: Candidates) -> dict[str, float]:
    """Each candidate's score as the fusion sees it, of one clause."""
    if not scores:
        return {}
    if fusion == "rrf":
        return {document: 1 / (RANK_CONSTANT + rank) for rank, document in enumerate(scores, 1)}
    values = list(scores.values())
    if fusion == "l2":
        length = math.sqrt(sum(value * value for value in values))
        return {document: score / length if length else 0.0 for document, score in scores.items()}
    low, high = min(values), max(values)
    if fusion == "min_max":
        if high == low:
            return dict.fromkeys(scores, 1.0)
        # Only an exact 0 is raised: a candidate just above the worst may have less than the worst.
        return {document: (score - low) / (high - low) or 0.001 for document, score in scores.items()}
    if high == low:
        return dict(scores)
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return {
        document: (score - mean) / deviation if score > mean else high if score == mean else 0.001
        for document, score in scores.items()
    }


def contributions(
    fusion: Fusion,
    candidates: Mapping[str, Candidates],
    weights: Mapping[str, float],
    document: str,
    mean: Mean = "arithmetic",
) -> dict[str, float]:
    """What each clause adds to the document's fused score; the values sum to it.

    For the arithmetic mean and rrf these are the terms of the sum itself. The geometric and the harmonic mean are no sums:
    there each clause that found the document has the part that its weighted normalised score is of all of them.
    """
    return parts(
        fusion, {name: normalized(fusion, scores) for name, scores in candidates.items()}, weights, document, mean
    )


def factors(fusion: Fusion, weights: Mapping[str, float]) -> Mapping[str, float]:
    """What each clause's normalised score is multiplied by: rrf has no weights where all are the same."""
    return dict.fromkeys(weights, 1.0) if fusion == "rrf" and len(set(weights.values())) == 1 else weights


def parts(
    fusion: Fusion,
    normal: Mapping[str, Candidates],
    weights: Mapping[str, float],
    document: str,
    mean: Mean = "arithmetic",
) -> dict[str, float]:
    """``contributions``, of scores that ``normalized`` has been over already."""
    if fusion == "rrf":
        weights = factors(fusion, weights)
        return {name: weights[name] * scores.get(document, 0.0) for name, scores in normal.items()}
    added = {name: weights[name] * scores.get(document, 0.0) for name, scores in normal.items()}
    if mean == "arithmetic":
        return added
    here = {name: scores[document] for name, scores in normal.items() if scores.get(document, 0.0) > 0}
    weight = sum(weights[name] for name in here)
    if not weight:
        return dict.fromkeys(normal, 0.0)
    if mean == "geometric":
        score = math.exp(sum(weights[name] * math.log(value) for name, value in here.items()) / weight)
    else:
        score = weight / sum(weights[name] / value for name, value in here.items())
    whole = sum(added.values())
    return {name: score * value / whole for name, value in added.items()}


def ranking(
    fusion: Fusion, normal: Mapping[str, Candidates], weights: Mapping[str, float], mean: Mean = "arithmetic"
) -> list[tuple[str, float]]:
    """Every candidate of any clause with its fused score, best first; of equal scores the one that stands first in a clause."""
    documents = dict.fromkeys(document for scores in normal.values() for document in scores)
    fused = [(document, sum(parts(fusion, normal, weights, document, mean).values())) for document in documents]
    return sorted(fused, key=lambda pair: -pair[1])
