"""What each clause of a hybrid finds for a labelled query: fetched once, so that every way to fuse can be tried on it offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import opensearchpy
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.clauses import caption_clause, vector_clause
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.wording import Wording
from clipseek.opensearch.search.candidates import fetch_candidates
from numpy.typing import NDArray

from .fusion_grid import DEPTHS, WORDINGS, caption_clause_name, vector_clause_name
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
    searched = Query(query.words, kind="hybrid")
    clauses = {
        caption_clause_name(wording): caption_clause(
            replace(searched, match=wording.match, exact=wording.exact), filters
        )
        for wording in wordings
    }
    for ef_search in (None, *ef_searches):
        name = vector_clause_name(ef_search)
        clauses[name] = vector_clause(vector, filters, nearest=max(DEPTHS), ef_search=ef_search)
    answer = fetch_candidates(client, version.index, clauses, depth=max(DEPTHS), shards=1, copies="tune")
    return ClauseScores(answer.scores, frozenset(query.right))


def supported_wordings(client: opensearchpy.OpenSearch, version: Version) -> tuple[Wording, ...]:
    """The wordings that the index's mapping allows: ``exact`` needs the field ``caption.exact``."""
    caption = client.indices.get_mapping(index=version.index)[version.index]["mappings"]["properties"]["caption"]
    return tuple(wording for wording in WORDINGS if not wording.exact or "exact" in caption.get("fields", {}))
