"""Search pipelines: how the scores of a hybrid query's clauses become one. Pure functions; they send nothing.

The body serves both ways: inline under ``search_pipeline`` in a search, which is how one request gets its own
weights, and in ``PUT /_search/pipeline/<name>``, for other clients of the same index.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from .errors import InvalidOption
from .templates import fill

Fusion: TypeAlias = Literal["min_max", "l2", "rrf"]
FUSIONS: tuple[Fusion, ...] = ("min_max", "l2", "rrf")

#: The constant of reciprocal rank fusion: a hit at rank r of a clause adds 1 / (60 + r).
RANK_CONSTANT = 60


def pipeline(
    fusion: Fusion, weights: Sequence[float] | None = None, *, clauses: int = 2, rank_constant: int = RANK_CONSTANT
) -> dict[str, Any]:
    """The pipeline for ``clauses`` clauses.

    ``weights``: one number of at least 0 for each clause, in their order, of any sum; they are scaled to sum 1. Equal
    by default. Raises InvalidOption for an unknown fusion, a wrong count, a weight that is negative or not finite,
    all weights zero, and for unequal weights with ``rrf``, which OpenSearch 2.19 cannot weigh.
    """
    if fusion not in FUSIONS:
        raise InvalidOption(f"fusion {fusion!r} is not known; choose one of {', '.join(FUSIONS)}")
    chosen = [1.0] * clauses if weights is None else [float(weight) for weight in weights]
    if len(chosen) != clauses:
        raise InvalidOption(f"{len(chosen)} weights for {clauses} clauses; give one weight for each clause")
    if not all(math.isfinite(weight) and weight >= 0 for weight in chosen) or not sum(chosen) > 0:
        raise InvalidOption(f"weights {chosen} cannot be used; give numbers of at least 0, not all of them 0")
    if fusion == "rrf":
        if len(set(chosen)) > 1:
            raise InvalidOption(
                "rrf counts ranks alone and takes no weights; leave --weight out, or use --fusion min_max"
            )
        if not 1 <= rank_constant <= 10_000:
            raise InvalidOption(f"rank constant {rank_constant} is outside 1 to 10000")
        return fill("pipelines/rrf.json", rank_constant=rank_constant)
    total = sum(chosen)
    # The server casts the list to doubles and fails on the integers 0 and 1: these stay floats in JSON, 0.0 and 1.0.
    return fill(f"pipelines/{fusion}.json", weights=[weight / total for weight in chosen])
