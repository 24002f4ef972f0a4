"""Why a hit has its score: each clause's part as a sum that can be checked by hand. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..query.fusion import Fusion
from ..query.limits import CAPTION
from ..query.plan import Plan
from .contributions import contributions, factors
from .hits import Hit, cosine


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


def terms(plan: Plan, hit: Hit, normal: Mapping[str, Mapping[str, float]]) -> list[Term]:
    """The terms of a hit's score, in the order of the clauses; none where they are not known (``Hit.shares``).

    ``normal``: each clause's normalised candidates (``Answer.normal``).
    """
    if not hit.shares:
        return []
    if not normal:  # one clause alone: its score is the hit's
        ((name, share),) = hit.shares.items()
        return [Term(name, hit.raw.get(name), _cosine(name, hit), hit.score, 1.0, hit.score, share)]
    weights = factors(plan.fusion.technique, plan.weights)
    added = contributions(plan.fusion.technique, normal, plan.weights, hit.id, plan.fusion.mean)
    return [
        Term(
            name,
            hit.raw.get(name),
            _cosine(name, hit),
            normal[name].get(hit.id, 0.0),
            weights[name],
            added[name],
            hit.shares[name],
        )
        for name in normal
    ]


def _cosine(name: str, hit: Hit) -> float | None:
    return None if name == CAPTION or name not in hit.raw else cosine(hit.raw[name])


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
