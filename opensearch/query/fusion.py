"""How the scores of a search's clauses become one: as a value, and as the search pipeline that the server runs. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from ..errors import InvalidOption
from ..server.templates import fill
from .limits import MAX_CLAUSES, MAX_REACH

Technique: TypeAlias = Literal["min_max", "l2", "z_score", "rrf"]
TECHNIQUES: tuple[Technique, ...] = ("min_max", "l2", "z_score", "rrf")
Mean: TypeAlias = Literal["arithmetic", "geometric", "harmonic"]
MEANS: tuple[Mean, ...] = ("arithmetic", "geometric", "harmonic")

#: The constant of reciprocal rank fusion: a hit at rank r of a clause adds 1 / (60 + r).
RANK_CONSTANT = 60
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Fusion:
    """One way to fuse: that of a search, an index's own default, a pipeline stored on a server, or one that is tried by tuning.

    technique: how a clause's scores are normalised, ``min_max``, ``l2`` or ``z_score``; or ``rrf``, which counts ranks instead.
    mean: how normalised scores are averaged: ``arithmetic``, ``geometric`` or ``harmonic``.
    weight: share of the vectors, 0 to 1; the caption has the rest.
    weights: of each clause in their order, instead of what ``weight`` makes of them.
    pipeline: name of a search pipeline stored on the server, which says technique, mean and weights instead.
    depth: candidates of each clause that are fused. By default 200 for pages that these fill, from there on 1,000 or 10,000. Pages
        of one search must have the same.
    ef_search: vectors that the search of the HNSW graph keeps on its way; more is surer and slower. By default the engine's own.
    complete: score every candidate of a hybrid by every clause. Without, a candidate counts as 0 in a clause that did not bring
        it, though the clause could score it: two lists are shuffled into one another instead of joined.

    Raises InvalidOption for what does not exist or does not go together.
    """

    technique: Technique = "min_max"
    mean: Mean = "arithmetic"
    weight: float = 0.5
    weights: tuple[float, ...] | None = None
    pipeline: str | None = None
    depth: int | None = None
    ef_search: int | None = None
    complete: bool = True

    def __post_init__(self) -> None:
        check_mean(self.technique, self.mean)
        if not 0 <= self.weight <= 1:
            raise InvalidOption(f"weight {self.weight} is outside 0 to 1")
        if self.pipeline is not None:
            check_pipeline_name(self.pipeline)
        if self.depth is not None and not 1 <= self.depth <= MAX_REACH:
            raise InvalidOption(f"{self.depth:,} candidates cannot be used; give 1 to {MAX_REACH:,}")
        if self.ef_search is not None and not 1 <= self.ef_search <= MAX_REACH:
            raise InvalidOption(f"ef_search {self.ef_search:,} cannot be used; give 1 to {MAX_REACH:,}")

    def __str__(self) -> str:
        how = "" if self.technique == "rrf" else f", {self.mean} mean, weight {self.weight:g}"
        return f"{self.technique}{how}" + (", complete" if self.complete else "")

    def changed(self, **options: Any) -> Fusion:
        """This fusion with ``options``, fields by name; None leaves one as it was. Technique, mean, weight and pipeline were chosen
        together: where one of them is given, the others are the standard ones.
        """
        given = {name: value for name, value in options.items() if value is not None}
        together = given.keys() & {"technique", "mean", "weight", "pipeline"}
        standard = Fusion(depth=self.depth, ef_search=self.ef_search, complete=self.complete)
        return replace(standard if together else self, **given)


def pipeline(
    technique: Technique, weights: Sequence[float] = (0.5, 0.5), *, mean: Mean = "arithmetic"
) -> dict[str, Any]:
    """The search pipeline that fuses so, with a weight of at least 0 for each clause in their order, of any sum.

    It serves inline under ``search_pipeline`` in a search, which is how one request gets its own weights, and in ``PUT
    /_search/pipeline/<name>``, for other clients of the same index. Raises InvalidOption for an unknown technique or mean, a mean
    that the technique does not have, and weights that cannot be used. What an older server lacks ``oldest_server`` tells.
    """
    check_mean(technique, mean)
    chosen = [float(weight) for weight in weights]
    if not 2 <= len(chosen) <= MAX_CLAUSES:
        raise InvalidOption(f"{len(chosen)} weights cannot be used; give one for each of 2 to {MAX_CLAUSES} clauses")
    if not all(math.isfinite(weight) and weight >= 0 for weight in chosen) or not sum(chosen) > 0:
        raise InvalidOption(f"weights {chosen} cannot be used; give numbers of at least 0, not all of them 0")
    total = sum(chosen)
    # The server casts the list to doubles and fails on the integers 0 and 1: these stay floats in JSON, 0.0 and 1.0.
    scaled = [weight / total for weight in chosen]
    if technique == "rrf":
        if len(set(chosen)) > 1:
            return fill("pipelines/rrf_weighted.json", rank_constant=RANK_CONSTANT, weights=scaled)
        return fill("pipelines/rrf.json", rank_constant=RANK_CONSTANT)
    if technique == "z_score":
        return fill("pipelines/z_score.json", weights=scaled)
    return fill(f"pipelines/{technique}.json", weights=scaled, mean=f"{mean}_mean")


def check_mean(technique: Technique, mean: Mean) -> None:
    """Raise InvalidOption for a technique or a mean that does not exist, or that do not go together."""
    if technique not in TECHNIQUES:
        raise InvalidOption(f"fusion {technique!r} is not known; choose one of {', '.join(TECHNIQUES)}")
    if mean not in MEANS:
        raise InvalidOption(f"mean {mean!r} is not known; choose one of {', '.join(MEANS)}")
    if technique in ("rrf", "z_score") and mean != "arithmetic":
        what = (
            "counts ranks and takes no mean"
            if technique == "rrf"
            else "has negative scores, whose only mean is arithmetic"
        )
        raise InvalidOption(f"{technique} {what}; leave --mean out, or use --fusion min_max")


def check_pipeline_name(name: str) -> None:
    """Raise InvalidOption for a name that the server would read as several, as a pattern, or as none (``_none``)."""
    if not _NAME.fullmatch(name):
        raise InvalidOption(
            f"{name[:80]!r} cannot name a search pipeline; use up to 100 small letters, digits, '.', '-' and '_', starting with a "
            "letter or a digit"
        )


def read_weights(text: str) -> tuple[float, ...]:
    """Of ``0.5,0.3,0.2``. Raises InvalidOption for what is no such list, and for fewer than two or more than the clauses that a
    hybrid can have.
    """
    try:
        weights = tuple(map(float, text.split(",")))
    except ValueError:
        weights = ()
    if not 2 <= len(weights) <= MAX_CLAUSES:
        raise InvalidOption(f"weights {text[:80]!r} cannot be used; give 2 to {MAX_CLAUSES} numbers, like 0.5,0.3,0.2")
    return weights
