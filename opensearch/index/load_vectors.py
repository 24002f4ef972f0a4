"""Vectors into an index as they are, without pictures: for indexes that are measured, not searched by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import opensearchpy
import orjson
from numpy.typing import NDArray

from ..server.failures import check_answers

_BATCH = 500


def load_vectors(
    client: opensearchpy.OpenSearch,
    index: str,
    vectors: NDArray[np.float32],
    metadata: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Put (N, D) unit ``vectors`` into ``index`` with the ids ``0`` to ``N - 1``, and merge it into one segment.

    One segment, because merges behind our back would change the graph between two measurements. Raises the errors of the tree.
    """
    for start in range(0, len(vectors), _BATCH):
        lines: list[bytes] = []
        for at in range(start, min(start + _BATCH, len(vectors))):
            document: dict[str, Any] = {"image_id": str(at), "image_vector": vectors[at]}
            if metadata is not None:
                document["metadata"] = metadata[at]
            lines += [
                orjson.dumps({"index": {"_id": str(at)}}),
                orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY),
            ]
        answer = client.bulk(
            index=index, body=b"\n".join(lines) + b"\n", params={"filter_path": "items.*.status,items.*.error"}
        )
        check_answers(index, (item["index"] for item in answer.get("items", ())))
    client.indices.refresh(index=index)
    # Longer than a request may usually take: a graph of 50,000 vectors is built anew.
    client.indices.forcemerge(index=index, params={"max_num_segments": 1}, request_timeout=600)
    client.indices.refresh(index=index)
