"""How the scores of a search's clauses become one, as a value. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ..errors import InvalidOption
from .limits import MAX_REACH

Technique: TypeAlias = Literal["min_max", "l2", "z_score", "rrf"]
TECHNIQUES: tuple[Technique, ...] = ("min_max", "l2", "z_score", "rrf")
Mean: TypeAlias = Literal["arithmetic", "geometric", "harmonic"]
MEANS: tuple[Mean, ...] = ("arithmetic", "geometric", "harmonic")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Fusion:
    """One way to fuse: that of a search, an index's own default, a pipeline stored on a server, or one that is tried by tuning.

    technique: how a clause's scores are normalised, ``min_max``, ``l2`` or ``z_score``; or ``rrf``, which counts ranks instead.
    mean: how normalised scores are averaged: ``arithmetic``, ``geometric`` or ``harmonic``.
    weight: share of the vectors, 0 to 1; the caption has the rest.
    weights: of each clause in their order, instead of what ``weight`` makes of them.
    pipeline: name of a search pipeline stored on the server, which says technique, mean and weights instead.
    depth: candidates of each clause that are fused. By default 200 up to hit 200, from there on 1,000 or 10,000. Pages of one
        search must have the same.
    ef_search: vectors that the search of the HNSW graph keeps on its way; more is surer and slower. By default the engine's own.

    Raises InvalidOption for what does not exist or does not go together.
    """

    technique: Technique = "min_max"
    mean: Mean = "arithmetic"
    weight: float = 0.5
    weights: tuple[float, ...] | None = None
    pipeline: str | None = None
    depth: int | None = None
    ef_search: int | None = None

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
        if self.technique == "rrf":
            return "rrf"
        return f"{self.technique}, {self.mean} mean, weight {self.weight:g}"

    def changed(
        self,
        *,
        technique: Technique | None = None,
        mean: Mean | None = None,
        weight: float | None = None,
        pipeline: str | None = None,
        depth: int | None = None,
        ef_search: int | None = None,
    ) -> Fusion:
        """This fusion with what is given. Technique, mean, weight and pipeline were chosen together: where one of them is given,
        the others are the standard ones.
        """
        chosen = {
            name: value
            for name, value in (("technique", technique), ("mean", mean), ("weight", weight), ("pipeline", pipeline))
            if value is not None
        }
        return replace(
            Fusion(**chosen) if chosen else self,  # type: ignore[arg-type]
            depth=self.depth if depth is None else depth,
            ef_search=self.ef_search if ef_search is None else ef_search,
        )


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
