"""Every mode in which an index can be searched: what is sent for a labelled query, what it finds, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.index.stored_vectors import stored_vectors
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.bodies import clauses, search_body
from clipseek.opensearch.query.clause_weights import VECTOR
from clipseek.opensearch.query.compose import compose
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.limits import SEARCH_PARAMETERS, Kind
from clipseek.opensearch.query.pipelines import FUSIONS
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.server_support import fuses
from clipseek.opensearch.search.hits import read_hit
from clipseek.opensearch.search.two_steps import named, ranking_body, with_documents
from numpy.typing import NDArray

from .labelled_queries import LabelledQuery

_WARM = 5
_VECTORS_AT_ONCE = 200


@dataclass(frozen=True)
class SearchMode:
    """A way to search. ``by_picture``: with the stored vector of the query's own picture, which is then left out of the answer.
    ``fused``: fusion, mean and weight of a hybrid.
    """

    name: str
    kind: Kind
    by_picture: bool = False
    fused: Mapping[str, Any] = field(default_factory=dict)

    def grades(self, query: LabelledQuery) -> Mapping[str, int]:
        """The right answers: by the query's own picture only those of its group."""
        return dict.fromkeys(query.alike, 1) if self.by_picture else query.grades


def search_modes(version: Version, server: tuple[int, int], shards: int = 1) -> list[SearchMode]:
    """Every mode that a server of version ``server`` has: by caption, by vector, by both with each fusion, by a picture, by a
    picture and words.
    """
    modes = [SearchMode("caption", "caption"), SearchMode("vector", "vector")]
    if version.search:
        modes.append(SearchMode("hybrid, tuned", "hybrid", fused=version.search))
    for fusion in FUSIONS:
        if fuses(server, fusion, (0.5, 0.5), shards):
            modes.append(SearchMode(f"hybrid, {fusion}", "hybrid", fused={"fusion": fusion}))
    by_picture = SearchMode("picture", "vector", True)
    return [*modes, by_picture, SearchMode("picture and words", "hybrid", True, version.search)]


def mode_body(
    mode: SearchMode,
    query: LabelledQuery,
    text: NDArray[np.float32],
    stored: Mapping[str, NDArray[np.float32]],
    size: int,
) -> dict[str, Any]:
    """The body of a search for ``query``. ``text``: (D,) unit vector of its words; ``stored``: id to (D,) unit vector. A hybrid is
    sent in two steps, as ``clipseek search`` does.
    """
    searched = Query(query.words, kind=mode.kind, size=size).with_defaults(mode.fused)
    excluded, vector = list(query.excluded), text
    if mode.by_picture and query.own is not None:
        excluded = list(dict.fromkeys([*excluded, query.own]))
        vector = compose(text if mode.kind == "hybrid" else None, [(1.0, stored[query.own])])
    return search_body(searched, clauses(searched, vector, without_ids(excluded)))


@dataclass(frozen=True)
class TimedHits:
    """Hits, best first. ``milliseconds``: from sending the body to reading the answer; ``took``: the server's own count."""

    ids: list[str]
    scores: list[float]
    milliseconds: float
    took: int


def timed_searches(
    client: opensearchpy.OpenSearch,
    version: Version,
    queries: Sequence[LabelledQuery],
    texts: NDArray[np.float32],
    modes: Sequence[SearchMode],
    *,
    size: int = 20,
) -> Iterator[dict[str, TimedHits]]:
    """For each query its first ``size`` hits by the mode's name; without the modes by picture where the query has no picture, or
    none of its group.

    texts: (Q, D) unit vectors of the queries' words. The first queries are sent twice, so that caches are warm. Requests go one
    after the other, the modes in turns. Raises the errors of the tree.
    """
    for start in range(0, len(queries), _VECTORS_AT_ONCE):
        batch = queries[start : start + _VECTORS_AT_ONCE]
        own = [query.own for query in batch if query.own and query.alike] if any(m.by_picture for m in modes) else []
        stored = stored_vectors(client, version, list(dict.fromkeys(own)))
        pairs = list(zip(batch, texts[start : start + len(batch)], strict=True))
        for query, text in pairs[:_WARM] if start == 0 else []:
            _every_mode(client, version, query, text, stored, modes, size)
        for query, text in pairs:
            yield _every_mode(client, version, query, text, stored, modes, size)


def _every_mode(
    client: opensearchpy.OpenSearch,
    version: Version,
    query: LabelledQuery,
    text: NDArray[np.float32],
    stored: Mapping[str, NDArray[np.float32]],
    modes: Sequence[SearchMode],
    size: int,
) -> dict[str, TimedHits]:
    return {
        mode.name: _search(client, version, mode_body(mode, query, text, stored, size), mode.kind == "hybrid")
        for mode in modes
        if not mode.by_picture or query.own in stored
    }


def _search(client: opensearchpy.OpenSearch, version: Version, body: dict[str, Any], hybrid: bool) -> TimedHits:
    data = orjson.dumps(ranking_body(body) if hybrid else body)
    began = time.perf_counter()
    answer = client.search(index=version.index, body=data, params=SEARCH_PARAMETERS)
    rows = answer["hits"]["hits"]
    if hybrid:
        rows = with_documents(client, version.index, body, named(rows), {"allow_partial_search_results": "false"})
    milliseconds = 1e3 * (time.perf_counter() - began)
    hits = [read_hit(row, None, VECTOR) for row in rows]
    return TimedHits([hit.id for hit in hits], [hit.score for hit in hits], milliseconds, int(answer["took"]))
