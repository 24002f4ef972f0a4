"""What each clause of a hybrid finds for a labelled query: fetched once, so that every way to fuse can be tried on it offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import opensearchpy
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.bodies import caption_clause, vector_clause
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search import candidates
from numpy.typing import NDArray

from .fusion_grid import DEPTHS, WORDINGS, Wording, vector_clause_name
from .labelled_queries import LabelledQuery


@dataclass(frozen=True)
class ClauseScores:
    """``scores``: of each clause by its name, id to raw score, best first; ``right``: ids of the right pictures."""

    scores: Mapping[str, Mapping[str, float]]
    right: frozenset[str]


def fetch_scores(
    client: opensearchpy.OpenSearch,
    version: Version,
    query: LabelledQuery,
    vector: NDArray[np.float32],
    wordings: Sequence[Wording] = WORDINGS,
    ef_searches: Sequence[int] = (),
) -> ClauseScores:
    """The candidates for the query's words in each of ``wordings``, and for their (D,) unit ``vector``, with the index's own
    ef_search and with each of ``ef_searches``. One request; raises the errors of the tree.
    """
    filters = without_ids(query.excluded)
    searched = Query(query.words, kind="hybrid", candidates=max(DEPTHS))
    clauses = {
        wording.clause: caption_clause(replace(searched, match=wording.match, exact=wording.exact), filters)
        for wording in wordings
    }
    for ef_search in (None, *ef_searches):
        widened = replace(searched, ef_search=ef_search)
        clauses[vector_clause_name(ef_search)] = vector_clause(widened, vector, filters)
    answer = candidates.ask(client, version.index, searched, clauses, shards=1, copies="tune")
    return ClauseScores(answer.scores, frozenset(query.right))


def supported_wordings(client: opensearchpy.OpenSearch, version: Version) -> tuple[Wording, ...]:
    """The wordings that the index's mapping allows: ``exact`` needs the field ``caption.exact``."""
    caption = client.indices.get_mapping(index=version.index)[version.index]["mappings"]["properties"]["caption"]
    return tuple(wording for wording in WORDINGS if not wording.exact or "exact" in caption.get("fields", {}))
