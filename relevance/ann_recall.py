"""Whether an index's graph finds what is nearest: its approximate search against the exact one, over vectors of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.versions import Version
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.server.failures import check_answers
from numpy.typing import NDArray

KS = (10, 100)
_BATCH = 20
# Both scores are 1 + inner product in single precision, summed in another order.
_SAME = 1e-5


def sample_vectors(
    client: opensearchpy.OpenSearch, version: Version, count: int, seed: int = 0
) -> list[NDArray[np.float32]]:
    """Up to ``count`` vectors of the index, drawn at random by ``seed``. Raises InvalidOption for an index without pictures."""
    drawn = {"function_score": {"random_score": {"seed": seed, "field": "_seq_no"}}}
    body = {"size": count, "query": drawn, "_source": ["image_vector"]}
    rows = client.search(index=version.index, body=body)["hits"]["hits"]
    if not rows:
        raise InvalidOption(f"index {version.alias} has no pictures to check with; ingest some first")
    return [np.asarray(row["_source"]["image_vector"], np.float32) for row in rows]


def exact_body(vector: NDArray[np.float32], size: int, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The ``size`` nearest by looking at every vector that the filters leave."""
    among: dict[str, Any] = {"bool": {"filter": list(filters)}} if filters else {"match_all": {}}
    parameters = {"field": "image_vector", "query_value": vector.tolist(), "space_type": "innerproduct"}
    script = {"lang": "knn", "source": "knn_score", "params": parameters}
    return {"size": size, "_source": False, "query": {"script_score": {"query": among, "script": script}}}


def graph_body(vector: NDArray[np.float32], size: int, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The ``size`` nearest as a search finds them, through the graph."""
    knn: dict[str, Any] = {"vector": vector.tolist(), "k": max(DEPTH, size)}
    if filters:
        knn["filter"] = {"bool": {"filter": list(filters)}}
    return {"size": size, "_source": False, "query": {"knn": {"image_vector": knn}}}


def recalls(
    client: opensearchpy.OpenSearch,
    version: Version,
    vectors: Sequence[NDArray[np.float32]],
    filters: Sequence[dict[str, Any]] = (),
) -> NDArray[np.float64]:
    """(Q, 2) float64: of the 10 and of the 100 truly nearest, the share that the graph finds for each of the Q vectors.

    Every vector is a picture's own, which any graph finds: it is left out of both sides. Hits as near as the last of the exact ones
    count as right. Raises the errors of the tree.
    """
    size = KS[-1] + 1
    found: list[list[float]] = []
    for start in range(0, len(vectors), _BATCH):
        batch = vectors[start : start + _BATCH]
        bodies = [make(vector, size, filters) for vector in batch for make in (graph_body, exact_body)]
        lines = [orjson.dumps(part) for body in bodies for part in ({"allow_partial_search_results": False}, body)]
        answers = client.msearch(body=b"\n".join(lines) + b"\n", index=version.index)["responses"]
        check_answers(version.index, answers)
        scores = [[float(row["_score"]) for row in answer["hits"]["hits"]] for answer in answers]
        found += [[share(near, true, k) for k in KS] for near, true in zip(scores[::2], scores[1::2], strict=True)]
    return np.asarray(found, np.float64)


def share(near: Sequence[float], true: Sequence[float], k: int) -> float:
    """Of the ``k`` best of ``true`` after the first, how many ``near`` has; both are scores, best first. 1 where there are none."""
    wanted = true[1 : k + 1]
    if not wanted:
        return 1.0
    own = 1 if near and near[0] >= true[0] - _SAME else 0  # a poor graph may miss even the picture itself
    return sum(score >= wanted[-1] - _SAME for score in near[own : own + k]) / len(wanted)
