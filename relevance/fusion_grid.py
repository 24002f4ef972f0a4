"""The settings that ``clipseek tune`` compares, and each clause's candidates, on which all of them can be tried offline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import opensearchpy
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.clauses import caption_clause, vector_clause
from clipseek.opensearch.query.fusion import MEANS, Fusion, Mean, Technique
from clipseek.opensearch.query.limits import CAPTION, DEPTH, VECTOR
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.scope import without_ids
from clipseek.opensearch.search.index_defaults import Setting, Wording
from clipseek.opensearch.search.second_requests import fetch_candidates
from numpy.typing import NDArray

from .labelled_queries import LabelledQuery

WEIGHTS = tuple(tenths / 10 for tenths in range(1, 10))
#: For the arithmetic mean alone: one clause ranks, and the other breaks its ties, or does nothing.
EDGES = (0.0, 0.01, 0.02, 0.05, 0.95, 0.98, 0.99, 1.0)
#: Candidates of each clause. The default of a search comes first: of equal settings the first is chosen.
DEPTHS = (DEPTH, 100, 50, 25)
WORDINGS = (Wording(), Wording("most"), Wording("all"), Wording("any", True), Wording("all", True))
RRF = Setting(Fusion("rrf", depth=DEPTH))


def fusions() -> list[Setting]:
    """Every fusion that OpenSearch 2.19 can do, over the usual candidates."""
    techniques: tuple[Technique, ...] = ("min_max", "l2")
    arithmetic: tuple[Mean, ...] = ("arithmetic",)
    kinds = [*product(techniques, MEANS, WEIGHTS), *product(techniques, arithmetic, EDGES)]
    return [RRF, *(Setting(Fusion(technique, mean, weight, depth=DEPTH)) for technique, mean, weight in kinds)]


def grid(wordings: Iterable[Wording] = WORDINGS) -> list[Setting]:
    """Every fusion with every wording and depth."""
    variants = product(wordings, DEPTHS, fusions())
    return [Setting(replace(setting.fusion, depth=depth), wording) for wording, depth, setting in variants]


def supported_wordings(client: opensearchpy.OpenSearch, version: Version) -> tuple[Wording, ...]:
    """The wordings that the index's mapping allows: ``exact`` needs the field ``caption.exact``."""
    caption = client.indices.get_mapping(index=version.index)[version.index]["mappings"]["properties"]["caption"]
    return tuple(wording for wording in WORDINGS if not wording.exact or "exact" in caption.get("fields", {}))


@dataclass(frozen=True)
class ClauseScores:
    """``scores``: of each clause by its name, id to raw score, best first; ``right``: ids of the right pictures."""

    scores: Mapping[str, Mapping[str, float]]
    right: frozenset[str]


def caption_clause_name(wording: Wording) -> str:
    return CAPTION if wording == Wording() else f"{CAPTION}, {wording}"


def vector_clause_name(ef_search: int | None) -> str:
    return VECTOR if ef_search is None else f"{VECTOR}, ef_search {ef_search}"


def fetch_scores(
    client: opensearchpy.OpenSearch,
    version: Version,
    queries: Sequence[LabelledQuery],
    vectors: NDArray[np.float32],
    settings: Sequence[Setting],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[ClauseScores]:
    """Of each query the candidates that ``settings`` need, for its words and for its (D,) row of the unit ``vectors``.

    One request a query; ``progress`` is called with how many are done, and how many there are. Raises the errors of the tree.
    """
    wordings = dict.fromkeys(setting.wording for setting in settings)
    ef_searches = dict.fromkeys(setting.fusion.ef_search for setting in settings)
    for done, (query, vector) in enumerate(zip(queries, vectors, strict=True), 1):
        filters = without_ids(query.excluded)
        clauses = {}
        for wording in wordings:
            searched = Query(query.words, kind="hybrid", match=wording.match, exact=wording.exact)
            clauses[caption_clause_name(wording)] = caption_clause(searched, filters)
        for ef_search in ef_searches:
            clause = vector_clause(vector, filters, nearest=max(DEPTHS), ef_search=ef_search)
            clauses[vector_clause_name(ef_search)] = clause
        scores, _ = fetch_candidates(client, version.index, clauses, depth=max(DEPTHS), shards=1, copies="tune")
        yield ClauseScores(scores, frozenset(query.grades))
        progress(done, len(queries))
