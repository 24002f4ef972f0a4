"""The ways to fuse captions and vectors that ``clipseek tune`` compares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from clipseek.opensearch.query.fusion import MEANS, Fusion, Technique
from clipseek.opensearch.query.limits import CAPTION, DEPTH, VECTOR
from clipseek.opensearch.query.setting import Setting
from clipseek.opensearch.query.wording import Wording

WEIGHTS = tuple(tenths / 10 for tenths in range(1, 10))
#: For the arithmetic mean alone: one clause ranks, and the other breaks its ties, or does nothing.
EDGES = (0.0, 0.01, 0.02, 0.05, 0.95, 0.98, 0.99, 1.0)
#: Candidates of each clause. The default of a search comes first: of equal settings the first is chosen.
DEPTHS = (DEPTH, 100, 50, 25)
WORDINGS = (Wording(), Wording("most"), Wording("all"), Wording("any", True), Wording("all", True))


def caption_clause_name(wording: Wording) -> str:
    """The name of the caption clause that has this wording."""
    return CAPTION if wording == Wording() else f"{CAPTION}, {wording}"


def vector_clause_name(ef_search: int | None) -> str:
    """The name of the vector clause that is searched with ``ef_search``; ``None`` is the index's own."""
    return VECTOR if ef_search is None else f"{VECTOR}, ef_search {ef_search}"


RRF = Setting(Fusion("rrf", depth=DEPTH))


def fusions() -> list[Setting]:
    """Every fusion that OpenSearch 2.19 can do, over the usual candidates."""
    normal: tuple[Technique, ...] = ("min_max", "l2")
    usual = [
        Fusion(technique, mean, weight, depth=DEPTH) for technique in normal for mean in MEANS for weight in WEIGHTS
    ]
    edges = [Fusion(technique, "arithmetic", weight, depth=DEPTH) for technique in normal for weight in EDGES]
    return [RRF, *map(Setting, [*usual, *edges])]


def grid(wordings: Iterable[Wording] = WORDINGS, depths: Iterable[int] = DEPTHS) -> list[Setting]:
    """Every fusion with every wording and depth."""
    return [
        Setting(replace(setting.fusion, depth=depth), wording)
        for wording in wordings
        for depth in tuple(depths)
        for setting in fusions()
    ]
