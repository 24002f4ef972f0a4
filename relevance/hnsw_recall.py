"""HNSW recall: the share of the truly nearest vectors that an index's approximate search finds, beside an exact search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.server.failures import check_answers
from numpy.typing import NDArray

from .progress import Progress, no_progress

KS = (10, 100)
_BATCH = 20
#: Scores nearer than this are equal: both are 1 + inner product in single precision, summed in another order.
ROUNDING = 1e-5


def sample_vectors(
    client: opensearchpy.OpenSearch, version: Version, count: int, seed: int = 0
) -> list[NDArray[np.float32]]:
    """Up to ``count`` (D,) vectors of the index, drawn by ``seed``. Raises InvalidOption for an index without pictures."""
    drawn = {"function_score": {"random_score": {"seed": seed, "field": "_seq_no"}}}
    body = {"size": count, "query": drawn, "_source": ["image_vector"]}
    rows = client.search(index=version.index, body=body)["hits"]["hits"]
    if not rows:
        raise InvalidOption(f"index {version.alias} has no pictures to check with; ingest some first")
    return [np.asarray(row["_source"]["image_vector"], np.float32) for row in rows]


def exact_body(vector: NDArray[np.float32], size: int, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The ``size`` nearest by comparing every vector that the filters leave."""
    among: dict[str, Any] = {"bool": {"filter": list(filters)}} if filters else {"match_all": {}}
    parameters = {"field": "image_vector", "query_value": vector.tolist(), "space_type": "innerproduct"}
    script = {"lang": "knn", "source": "knn_score", "params": parameters}
    return {"size": size, "_source": False, "query": {"script_score": {"query": among, "script": script}}}


def hnsw_body(vector: NDArray[np.float32], size: int, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The ``size`` nearest as a search finds them, through the HNSW graph."""
    knn: dict[str, Any] = {"vector": vector.tolist(), "k": max(DEPTH, size)}
    if filters:
        knn["filter"] = {"bool": {"filter": list(filters)}}
    return {"size": size, "_source": False, "query": {"knn": {"image_vector": knn}}}


def hnsw_recalls(
    client: opensearchpy.OpenSearch,
    version: Version,
    vectors: Sequence[NDArray[np.float32]],
    filters: Sequence[dict[str, Any]] = (),
    *,
    phase: str = "searching",
    progress: Progress = no_progress,
) -> NDArray[np.float64]:
    """(Q, 2) float64: HNSW recall@10 and recall@100 for each of the Q vectors, which are pictures' own.

    Any graph finds the picture itself, so it is left out of both sides. Hits as near as the last of the exact ones count as right.
    Raises the errors of the tree.
    """
    size = KS[-1] + 1
    recalls: list[list[float]] = []
    for start in range(0, len(vectors), _BATCH):
        batch = vectors[start : start + _BATCH]
        bodies = [make(vector, size, filters) for vector in batch for make in (hnsw_body, exact_body)]
        lines = [orjson.dumps(line) for body in bodies for line in ({"allow_partial_search_results": False}, body)]
        answers = client.msearch(body=b"\n".join(lines) + b"\n", index=version.index)["responses"]
        check_answers(version.index, answers)
        scores = [[float(row["_score"]) for row in answer["hits"]["hits"]] for answer in answers]
        recalls += [
            [recall_beside_itself(hnsw, exact, k) for k in KS]
            for hnsw, exact in zip(scores[::2], scores[1::2], strict=True)
        ]
        progress(phase, len(recalls), len(vectors))
    return np.asarray(recalls, np.float64)


def recall_beside_itself(hnsw: Sequence[float], exact: Sequence[float], k: int) -> float:
    """The share of the ``k`` best scores of ``exact`` after the first, the query picture's own, that ``hnsw`` has; both best first.
    1 where there are none.
    """
    nearest = exact[1 : k + 1]
    if not nearest:
        return 1.0
    own = 1 if hnsw and hnsw[0] >= exact[0] - ROUNDING else 0  # a poor graph may miss even the picture itself
    return sum(score >= nearest[-1] - ROUNDING for score in hnsw[own : own + k]) / len(nearest)


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
    exact = client.search(index=version.index, body=exact_body(vector, 10, without_ids(excluded)))["hits"]["hits"]
    if not exact:
        return 1.0
    least = float(exact[-1]["_score"]) - ROUNDING
    return sum(score >= least for score in islice(candidates.values(), 10)) / len(exact)
