"""The server's fusion arithmetic, done again here: so that each hit can say which clause brought how much of its score, and so that
weights can be tried without another request.

Formulas as OpenSearch's neural-search plugin computes them. Normalisation: min_max gives a clause's worst candidate 0.001,
and 1 where all score the same; l2 divides by the Euclidean length; z_score (3.0) takes the mean away and divides by the
sample's standard deviation, at least 0.001. Means, weighted: the arithmetic counts a clause without the document as 0; the
geometric and the harmonic leave it out. rrf adds 1 / (constant + rank), times its weight where there are weights (3.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..query.fusion import RANK_CONSTANT, Fusion, Mean, Technique
from ..query.plan import Plan
from .page_rows import Row
from .ranks import counted_ranks

#: What min_max gives a clause's worst candidate.
FLOOR = 0.001


def raw_scores(plan: Plan, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Of a ranking of which all came, the raw scores of each clause's candidates by id, best first. A picture that has none of the
    words is in the caption's as little as in the server's. A clause also scores what it found beyond its candidates: where they are
    not complete, that is left out.
    """
    scores: dict[str, dict[str, float]] = {}
    for name in plan.clauses:
        named = [(row["_id"], float((row.get("matched_queries") or {}).get(name, 0.0))) for row in rows]
        # A stable sort: what scores the same stays in the server's order.
        found = [(document, raw) for document, raw in sorted(named, key=lambda pair: -pair[1]) if raw > 0]
        scores[name] = dict(found if plan.complete else found[: plan.depth])
    return scores


def normal_scores(
    plan: Plan, scores: Mapping[str, Mapping[str, float]], rows: Sequence[Row]
) -> dict[str, dict[str, float]]:
    """Each clause's candidates as the fusion sees them, id to score. ``scores``: raw ones, best first; ``rows``: all, ranked.

    In a complete search a picture without any of the words counts as ``FLOOR`` under the geometric and the harmonic mean: left out,
    as the server does, it would rank by its cosine alone, before pictures that have the words.
    """
    technique = plan.fusion.technique
    if technique == "rrf":
        ranks = counted_ranks(scores, {row["_id"]: row["_score"] for row in rows}, factors("rrf", plan.weights))
        return {name: {one: 1 / (RANK_CONSTANT + rank) for one, rank in of.items()} for name, of in ranks.items()}
    normal = {name: normalized(technique, raw) for name, raw in scores.items()}
    if plan.complete and plan.fusion.mean != "arithmetic":
        floors = dict.fromkeys((row["_id"] for row in rows), FLOOR)
        normal = {name: {**floors, **one} for name, one in normal.items()}
    return normal


def added_scores(
    plan: Plan, normal: Mapping[str, Mapping[str, float]], rows: Sequence[Row]
) -> dict[str, dict[str, float]]:
    """What each clause adds to the score of each row, by id; of none where ``normal`` is not known."""
    technique, mean = plan.fusion.technique, plan.fusion.mean
    if not normal:
        return {}
    return {row["_id"]: contributions(technique, normal, plan.weights, row["_id"], mean) for row in rows}


def rescored(plan: Plan, rows: Sequence[Row], normal: Mapping[str, Mapping[str, float]]) -> Sequence[Row]:
    """The rows, ranked anew where a complete search counts ``FLOOR`` and the server leaves a clause out."""
    if not plan.complete or plan.fusion.mean == "arithmetic":
        return rows
    added = added_scores(plan, normal, rows)
    scored = [{**row, "_score": sum(added[row["_id"]].values())} for row in rows]
    return sorted(scored, key=lambda row: -row["_score"])


def statistics(technique: Technique, scores: Mapping[str, float]) -> dict[str, float]:
    """What a clause's raw ``scores`` are normalised by: ``min`` and ``max``, ``length``, or ``mean`` and ``deviation``."""
    values = list(scores.values())
    if technique == "rrf" or not values:
        return {}
    if technique == "l2":
        return {"length": math.sqrt(sum(value * value for value in values))}
    if technique == "min_max":
        return {"min": min(values), "max": max(values)}
    mean = math.fsum(values) / len(values)
    return {
        "mean": mean,
        "deviation": math.sqrt(math.fsum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)),
    }


def normalized(technique: Technique, scores: Mapping[str, float]) -> dict[str, float]:
    """One clause's candidates as the fusion sees them. ``scores``: id to raw score, best first."""
    if not scores:
        return {}
    if technique == "rrf":
        return {document: 1 / (RANK_CONSTANT + rank) for rank, document in enumerate(scores, 1)}
    by = statistics(technique, scores)
    if technique == "l2":
        length = by["length"]
        return {document: score / length if length else 0.0 for document, score in scores.items()}
    low, high = min(scores.values()), max(scores.values())
    if technique == "min_max":
        if high == low:
            return dict.fromkeys(scores, 1.0)
        # Only an exact 0 is raised: a candidate just above the worst may have less than the worst.
        return {document: (score - low) / (high - low) or FLOOR for document, score in scores.items()}
    if high == low:
        return dict(scores)
    mean, deviation = by["mean"], by["deviation"]
    return {
        document: (score - mean) / deviation if score > mean else high if score == mean else 0.001
        for document, score in scores.items()
    }


def factors(technique: Technique, weights: Mapping[str, float]) -> Mapping[str, float]:
    """What each clause's normalised score is multiplied by: rrf has no weights where all are the same."""
    return dict.fromkeys(weights, 1.0) if technique == "rrf" and len(set(weights.values())) == 1 else weights


def contributions(
    technique: Technique,
    normal: Mapping[str, Mapping[str, float]],
    weights: Mapping[str, float],
    document: str,
    mean: Mean = "arithmetic",
) -> dict[str, float]:
    """What each clause adds to the document's fused score; the values sum to it. ``normal``: each clause's candidates,
    ``normalized``.

    For the arithmetic mean and rrf these are the terms of the sum itself. The geometric and the harmonic mean are no sums:
    there each clause that found the document has the part that its weighted normalised score is of all of them.
    """
    weights = factors(technique, weights)
    added = {name: weights[name] * scores.get(document, 0.0) for name, scores in normal.items()}
    if technique == "rrf" or mean == "arithmetic":
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


@dataclass(frozen=True)
class Term:
    """One clause's part of a hit's score.

    ``raw`` is the clause's own score, ``None`` where it did not find the picture; ``cosine`` what that means for vectors.
    ``normalised`` is what the fusion made of it, 0 where the picture is not among the clause's candidates. ``added`` is
    what it adds to the score, ``share`` that as a part of it.
    """

    clause: str
    raw: float | None
    cosine: float | None
    normalised: float
    weight: float
    added: float
    share: float


def written(fusion: Fusion, terms: Sequence[Term], score: float) -> str:
    """The sum as it is done: ``0.500 x 0.8212 + 0.500 x 1.0000 = 0.9106``."""
    if len(terms) == 1:
        return f"{score:.4f}"
    if fusion.mean == "arithmetic":
        return f"{' + '.join(_summand(fusion, term) for term in terms)} = {score:.4f}"
    here = [term for term in terms if term.normalised > 0 and term.weight > 0]
    total = sum(term.weight for term in here)
    if fusion.mean == "geometric":
        line = " x ".join(f"{term.normalised:.4f}^{term.weight / total:.3f}" for term in here)
    else:
        line = "1 / (" + " + ".join(f"{term.weight / total:.3f} / {term.normalised:.4f}" for term in here) + ")"
    return f"{line if here else 0} = {score:.4f}"


def _summand(fusion: Fusion, term: Term) -> str:
    if fusion.technique != "rrf" or not term.normalised:
        return f"{term.weight:.3f} x {term.normalised:.4f}"
    rank = f"1/{round(1 / term.normalised)}"
    return rank if term.weight == 1 else f"{term.weight:.3f} x {rank}"
