"""Judged queries put to a live index in every way that it can be searched: what each brings, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.index.stored_vectors import stored_vectors
from clipseek.opensearch.index.versions import Version
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

from .labelled_queries import Judged

_WARM = 5
_VECTORS_AT_ONCE = 200


@dataclass(frozen=True)
class Way:
    """A way to search. ``by_picture``: with the stored vector of the query's own picture, which is then left out of the answer.
    ``fused``: fusion, mean and weight of a hybrid.
    """

    name: str
    kind: Kind
    by_picture: bool = False
    fused: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """What came, best first, and how long it took: ``milliseconds`` from body to answer, ``took`` as the server counts."""

    ids: list[str]
    scores: list[float]
    milliseconds: float
    took: int


def ways(version: Version, server: tuple[int, int], shards: int = 1) -> list[Way]:
    """Every way that the server can: by caption, by vector, by both with each fusion, by a picture, by a picture and words."""
    found = [Way("caption", "caption"), Way("vector", "vector")]
    if version.search:
        found.append(Way("hybrid, tuned", "hybrid", fused=version.search))
    for fusion in FUSIONS:
        if fuses(server, fusion, (0.5, 0.5), shards):
            found.append(Way(f"hybrid, {fusion}", "hybrid", fused={"fusion": fusion}))
    return [*found, Way("picture", "vector", True), Way("picture and words", "hybrid", True, version.search)]


def shards_of(client: opensearchpy.OpenSearch, version: Version) -> int:
    """How many shards the index has."""
    return len(client.search_shards(index=version.index)["shards"])


def run(
    client: opensearchpy.OpenSearch,
    version: Version,
    judged: Sequence[Judged],
    texts: NDArray[np.float32],
    tried: Sequence[Way],
    *,
    size: int = 20,
) -> Iterator[dict[str, Listed]]:
    """For each query, by the name of the way, the first ``size`` hits; a way by picture is left out for a query that has none, or
    nothing alike.

    texts: (Q, D) unit vectors of the queries' words. The first queries are asked twice, so that caches are warm. Requests go one
    after the other, the ways in turns. Raises the errors of the tree.
    """
    for start in range(0, len(judged), _VECTORS_AT_ONCE):
        batch = judged[start : start + _VECTORS_AT_ONCE]
        own = [one.own for one in batch if one.own and one.alike] if any(way.by_picture for way in tried) else []
        stored = stored_vectors(client, version, list(dict.fromkeys(own)))
        asked = list(zip(batch, texts[start : start + len(batch)], strict=True))
        for one, text in asked[:_WARM] if start == 0 else []:
            _all(client, version, one, text, stored, tried, size)
        for one, text in asked:
            yield _all(client, version, one, text, stored, tried, size)


def _all(
    client: opensearchpy.OpenSearch,
    version: Version,
    one: Judged,
    text: NDArray[np.float32],
    stored: Mapping[str, NDArray[np.float32]],
    tried: Sequence[Way],
    size: int,
) -> dict[str, Listed]:
    return {
        way.name: _ask(client, version, body_of(way, one, text, stored, size), way.kind == "hybrid")
        for way in tried
        if not way.by_picture or one.own in stored
    }


def body_of(
    way: Way, one: Judged, text: NDArray[np.float32], stored: Mapping[str, NDArray[np.float32]], size: int
) -> dict[str, Any]:
    """The body of the search; a hybrid's is sent in two steps, as ``clipseek search`` does."""
    query = Query(one.words, kind=way.kind, size=size).with_defaults(way.fused)
    without, vector = list(one.without), text
    if way.by_picture and one.own is not None:
        without = list(dict.fromkeys([*without, one.own]))
        vector = compose(text if way.kind == "hybrid" else None, [(1.0, stored[one.own])])
    return search_body(query, clauses(query, vector, without_ids(without)))


def _ask(client: opensearchpy.OpenSearch, version: Version, body: dict[str, Any], hybrid: bool) -> Listed:
    sent = orjson.dumps(ranking_body(body) if hybrid else body)
    began = time.perf_counter()
    answer = client.search(index=version.index, body=sent, params=SEARCH_PARAMETERS)
    rows = answer["hits"]["hits"]
    if hybrid:
        rows = with_documents(client, version.index, body, named(rows), {"allow_partial_search_results": "false"})
    milliseconds = 1e3 * (time.perf_counter() - began)
    hits = [read_hit(row, None, VECTOR) for row in rows]
    return Listed([hit.id for hit in hits], [hit.score for hit in hits], milliseconds, int(answer["took"]))
