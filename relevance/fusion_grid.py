"""The ways to fuse captions and vectors that ``clipseek tune`` compares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from clipseek.opensearch.query.clause_weights import CAPTION, VECTOR
from clipseek.opensearch.query.limits import DEPTH, Match
from clipseek.opensearch.query.pipelines import MEANS, Fusion, Mean

WEIGHTS = tuple(at / 10 for at in range(1, 10))
#: For the arithmetic mean alone: one clause leads, and the other decides what it leaves equal, or nothing.
EDGES = (0.0, 0.01, 0.02, 0.05, 0.95, 0.98, 0.99, 1.0)
#: Candidates of each clause. What a search takes by itself comes first: of equal settings the first is chosen.
DEPTHS = (DEPTH, 100, 50, 25)


@dataclass(frozen=True)
class Wording:
    """How the words are asked of the captions: which of them (``Query.match``), and whether as they are written."""

    match: Match = "any"
    exact: bool = False

    @property
    def clause(self) -> str:
        """The clause's name."""
        return CAPTION if self == Wording() else f"{CAPTION}, {self}"

    def __str__(self) -> str:
        return f"{self.match} of the words" + (" as they are written" if self.exact else "")


WORDINGS = (Wording(), Wording("most"), Wording("all"), Wording("any", True), Wording("all", True))


@dataclass(frozen=True)
class Setting:
    """``weight`` is the vector clause's share, ``depth`` how many candidates of each clause are fused."""

    fusion: Fusion
    mean: Mean
    weight: float
    depth: int = DEPTH
    wording: Wording = WORDINGS[0]
    ef_search: int | None = None

    @property
    def vector_clause(self) -> str:
        """The name of its vector clause."""
        return vector_clause_name(self.ef_search)

    def __str__(self) -> str:
        fused = self.fusion if self.fusion == "rrf" else f"{self.fusion}, {self.mean} mean, weight {self.weight:g}"
        wider = "" if self.ef_search is None else f"; ef_search {self.ef_search}"
        return f"{fused}; {self.wording}; depth {self.depth}{wider}"

    def default(self) -> dict[str, Any]:
        """As an index keeps it (``queries.TUNED``)."""
        return {
            "fusion": self.fusion,
            "mean": self.mean,
            "weight": self.weight,
            "candidates": self.depth,
            "match": self.wording.match,
            "exact": self.wording.exact,
            **({} if self.ef_search is None else {"ef_search": self.ef_search}),
        }


def vector_clause_name(ef_search: int | None) -> str:
    """The name of the vector clause that is searched with ``ef_search``; ``None`` is the index's own."""
    return VECTOR if ef_search is None else f"{VECTOR}, ef_search {ef_search}"


RRF = Setting("rrf", "arithmetic", 0.5)


def fusions() -> list[Setting]:
    """Every fusion that OpenSearch 2.19 can do, over the usual candidates."""
    normal: tuple[Fusion, ...] = ("min_max", "l2")
    usual = [Setting(fusion, mean, weight) for fusion in normal for mean in MEANS for weight in WEIGHTS]
    return [RRF, *usual, *(Setting(fusion, "arithmetic", weight) for fusion in normal for weight in EDGES)]


def grid(wordings: Iterable[Wording] = WORDINGS, depths: Iterable[int] = DEPTHS) -> list[Setting]:
    """Every fusion with every wording and depth."""
    return [
        replace(fused, depth=depth, wording=wording)
        for wording in wordings
        for depth in tuple(depths)
        for fused in fusions()
    ]
