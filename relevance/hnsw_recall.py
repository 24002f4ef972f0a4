"""HNSW recall: the share of the truly nearest vectors that an index's approximate search finds, beside an exact search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
import opensearchpy
import orjson
from clipseek.evaluation.bootstrap import intervals
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.filters import parse_filters, without_ids
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.server.failures import check_answers
from clipseek.opensearch.server.pipelines import NO_PIPELINE
from clipseek.opensearch.values.zones import read_zone
from numpy.typing import NDArray

KS = (10, 100)
#: Mean recall from which on an index needs nothing.
ENOUGH_RECALL = 0.99
#: Scores nearer than this are equal: both are 1 + inner product in single precision, summed in another order.
ROUNDING = 1e-5
_BATCH = 20


@dataclass(frozen=True)
class RecallFigure:
    """Mean HNSW recall@k among ``pictures`` (all of them, or a filter's words), with its 95 % interval."""

    pictures: str
    k: int
    recall: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_index(
    client: opensearchpy.OpenSearch,
    version: Version,
    *,
    queries: int = 100,
    filters: Sequence[str] = (),
    seed: int = 0,
) -> list[RecallFigure]:
    """HNSW recall@10 and @100 of up to ``queries`` pictures drawn by ``seed``: among all, and among those that ``filters`` leave.

    Without filters, the most frequent value of the first keyword column is one. Raises InvalidOption for an index without pictures
    or a filter that does not fit, and the errors of the tree.
    """
    vectors = sample_vectors(client, version, queries, seed)
    chosen = list(filters) or frequent_filter(client, version)
    cases: dict[str, list[dict[str, Any]]] = {"all pictures": []}
    if chosen:
        cases[" ".join(chosen)] = parse_filters(chosen, version.fields, zone=read_zone(version.time_zone))
    figures = []
    for pictures, clauses in cases.items():
        recalls = hnsw_recalls(client, version, vectors, clauses)
        for k, values, (low, high) in zip(KS, recalls.T, intervals(recalls).tolist(), strict=True):
            figures.append(RecallFigure(pictures, k, float(values.mean()), low, high))
    return figures


def advice(figures: Sequence[RecallFigure], preset: str | None) -> str:
    """What to do about an index with these figures, whose graph is ``preset``, where that has a name."""
    worst = min(figures, key=lambda figure: figure.recall)
    if worst.recall >= ENOUGH_RECALL:
        return "HNSW search finds what is nearest; nothing to do"
    found = f"HNSW recall@{worst.k} is {worst.recall:.3f} among {worst.pictures}"
    ingest = "" if preset == "talk" else ", or ingest into a new index with --preset talk"
    return f"{found}: search with more candidates (--depth 1000){ingest}"


def frequent_filter(client: opensearchpy.OpenSearch, version: Version) -> list[str]:
    """``column=value``, the most frequent value of the first keyword column; nothing where the index has no such column."""
    column = next((name for name, kind in version.fields.items() if kind == "keyword"), None)
    if column is None:
        return []
    values = {"terms": {"field": f"metadata.{column}", "size": 1}}
    body = {**NO_PIPELINE, "size": 0, "aggs": {"values": values}}
    buckets = client.search(index=version.index, body=body)["aggregations"]["values"]["buckets"]
    return [f"{column}={buckets[0]['key']}"] if buckets else []


def sample_vectors(
    client: opensearchpy.OpenSearch, version: Version, count: int, seed: int = 0
) -> list[NDArray[np.float32]]:
    """Up to ``count`` (D,) vectors of the index, drawn by ``seed``. Raises InvalidOption for an index without pictures."""
    drawn = {"function_score": {"random_score": {"seed": seed, "field": "_seq_no"}}}
    body = {**NO_PIPELINE, "size": count, "query": drawn, "_source": ["image_vector"]}
    rows = client.search(index=version.index, body=body)["hits"]["hits"]
    if not rows:
        raise InvalidOption(f"index {version.alias} has no pictures to check with; ingest some first")
    return [np.asarray(row["_source"]["image_vector"], np.float32) for row in rows]


def exact_body(vector: NDArray[np.float32], size: int, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The ``size`` nearest by comparing every vector that the filters leave."""
    among: dict[str, Any] = {"bool": {"filter": list(filters)}} if filters else {"match_all": {}}
    parameters = {"field": "image_vector", "query_value": vector.tolist(), "space_type": "innerproduct"}
    script = {"lang": "knn", "source": "knn_score", "params": parameters}
    query = {"script_score": {"query": among, "script": script}}
    return {**NO_PIPELINE, "size": size, "_source": False, "query": query}


def hnsw_body(
    vector: NDArray[np.float32], size: int, filters: Sequence[dict[str, Any]] = (), depth: int = DEPTH
) -> dict[str, Any]:
    """The ``size`` nearest as a search with ``depth`` candidates finds them, through the HNSW graph."""
    knn: dict[str, Any] = {"vector": vector.tolist(), "k": max(depth, size)}
    if filters:
        knn["filter"] = {"bool": {"filter": list(filters)}}
    return {**NO_PIPELINE, "size": size, "_source": False, "query": {"knn": {"image_vector": knn}}}


def all_scores(
    client: opensearchpy.OpenSearch, version: Version, bodies: Iterable[dict[str, Any]]
) -> list[list[float]]:
    """The scores of each search's hits, best first, some searches in one request. Raises the errors of the tree."""
    scores: list[list[float]] = []
    waiting = iter(bodies)
    while batch := list(islice(waiting, _BATCH)):
        lines = [orjson.dumps(line) for body in batch for line in ({"allow_partial_search_results": False}, body)]
        answers = client.msearch(body=b"\n".join(lines) + b"\n", index=version.index)["responses"]
        check_answers(version.index, answers)
        scores += [[float(row["_score"]) for row in answer["hits"]["hits"]] for answer in answers]
    return scores


def hnsw_recalls(
    client: opensearchpy.OpenSearch,
    version: Version,
    vectors: Sequence[NDArray[np.float32]],
    filters: Sequence[dict[str, Any]] = (),
) -> NDArray[np.float64]:
    """(Q, 2) float64: HNSW recall@10 and recall@100 for each of the Q vectors, which are pictures' own.

    Any graph finds the picture itself, so it is left out of both sides. Hits as near as the last of the exact ones count as right.
    Raises the errors of the tree.
    """
    size = KS[-1] + 1
    bodies = (make(vector, size, filters) for vector in vectors for make in (hnsw_body, exact_body))
    scores = all_scores(client, version, bodies)
    pairs = zip(scores[::2], scores[1::2], strict=True)
    return np.asarray([[recall_beside_itself(hnsw, exact, k) for k in KS] for hnsw, exact in pairs], np.float64)


def recall_beside_itself(hnsw: Sequence[float], exact: Sequence[float], k: int) -> float:
    """The share of the ``k`` best scores of ``exact`` after the first, the query picture's own, that ``hnsw`` has; both best first.
    1 where there are none.
    """
    own = 1 if hnsw and hnsw[0] >= exact[0] - ROUNDING else 0  # a poor graph may miss even the picture itself
    return _share(hnsw[own : own + k], exact[1 : k + 1])


def query_recall(
    client: opensearchpy.OpenSearch,
    version: Version,
    candidates: Mapping[str, float],
    vector: NDArray[np.float32],
    excluded: Sequence[str] = (),
) -> float:
    """HNSW recall@10 of one query: ``candidates`` are the scores of its (D,) ``vector``'s clause, best first, by id. One exact
    search, without the pictures ``excluded``.
    """
    (exact,) = all_scores(client, version, [exact_body(vector, 10, without_ids(excluded))])
    return _share(list(candidates.values())[:10], exact)


def _share(hnsw: Sequence[float], exact: Sequence[float]) -> float:
    return sum(score >= exact[-1] - ROUNDING for score in hnsw) / len(exact) if exact else 1.0
