"""Search pipelines: how the scores of a hybrid query's clauses become one. Pure functions; they send nothing.

The body serves both ways: inline under ``search_pipeline`` in a search, which is how one request gets its own
weights, and in ``PUT /_search/pipeline/<name>``, for other clients of the same index.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import InvalidOption
from ..server.templates import fill
from .fusion import Mean, Technique, check_mean
from .limits import MAX_CLAUSES

#: The constant of reciprocal rank fusion: a hit at rank r of a clause adds 1 / (60 + r).
RANK_CONSTANT = 60


def pipeline(
    technique: Technique,
    weights: Sequence[float] | None = None,
    *,
    clauses: int = 2,
    mean: Mean = "arithmetic",
    rank_constant: int = RANK_CONSTANT,
) -> dict[str, Any]:
    """The pipeline for ``clauses`` clauses.

    ``weights``: one number of at least 0 for each clause, in their order, of any sum; they are scaled to sum 1. Equal
    by default. Raises InvalidOption for an unknown technique or mean, a mean that the technique does not have, a wrong count,
    a weight that is negative or not finite, and all weights zero. What an older server lacks ``oldest_server`` tells.
    """
    check_mean(technique, mean)
    chosen = [1.0] * clauses if weights is None else [float(weight) for weight in weights]
    if len(chosen) != clauses:
        raise InvalidOption(f"{len(chosen)} weights for {clauses} clauses; give one weight for each clause")
    if not all(math.isfinite(weight) and weight >= 0 for weight in chosen) or not sum(chosen) > 0:
        raise InvalidOption(f"weights {chosen} cannot be used; give numbers of at least 0, not all of them 0")
    total = sum(chosen)
    # The server casts the list to doubles and fails on the integers 0 and 1: these stay floats in JSON, 0.0 and 1.0.
    scaled = [weight / total for weight in chosen]
    if technique == "rrf":
        if not 1 <= rank_constant <= 10_000:
            raise InvalidOption(f"rank constant {rank_constant} is outside 1 to 10000")
        if len(set(chosen)) > 1:
            return fill("pipelines/rrf_weighted.json", rank_constant=rank_constant, weights=scaled)
        return fill("pipelines/rrf.json", rank_constant=rank_constant)
    if technique == "z_score":
        return fill("pipelines/z_score.json", weights=scaled)
    return fill(f"pipelines/{technique}.json", weights=scaled, mean=f"{mean}_mean")


def read_weights(text: str) -> tuple[float, ...]:
    """Of ``0.5,0.3,0.2``. Raises InvalidOption for what is no such list, and for fewer than two or more than the clauses that a
    hybrid can have.
    """
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not 2 <= len(found) <= MAX_CLAUSES:
        raise InvalidOption(f"weights {text[:80]!r} cannot be used; give 2 to {MAX_CLAUSES} numbers, like 0.5,0.3,0.2")
    return found
