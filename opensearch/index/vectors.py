"""Vectors read out of an index, exactly those that were put in; and vectors put into one as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import opensearchpy
from numpy.typing import NDArray

from ..errors import InvalidOption
from ..server.failures import check_answers
from .documents import LONGEST_ID, index_action
from .version import Version

_BATCH = 500


def stored_vectors(
    client: opensearchpy.OpenSearch, version: Version, ids: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """Id to (D,) unit vector of the pictures ``ids``. Raises InvalidOption for one that is not there."""
    if not ids:
        return {}
    answer = client.mget(
        index=version.index, body={"ids": list(ids)}, params={"_source_includes": "image_vector", "realtime": "false"}
    )
    vectors: dict[str, NDArray[np.float32]] = {}
    for document in answer["docs"]:
        vector = (document.get("_source") or {}).get("image_vector")
        if vector is None:
            raise InvalidOption(
                f"no picture {document['_id'][:80]!r} in index {version.alias}; ids stand in the second column of "
                "clipseek search"
            )
        vectors[document["_id"]] = np.asarray(vector, np.float32)
    return vectors


def stored_ids(client: opensearchpy.OpenSearch, version: Version, ids: Sequence[str]) -> set[str]:
    """Those of ``ids`` that are in the index."""
    wanted = list(dict.fromkeys(name for name in ids if 0 < len(name.encode("utf-8", "replace")) <= LONGEST_ID))
    there: set[str] = set()
    for start in range(0, len(wanted), 1000):
        answer = client.mget(
            index=version.index,
            body={"ids": wanted[start : start + 1000]},
            params={"_source": "false", "realtime": "false"},
        )
        there.update(document["_id"] for document in answer["docs"] if document.get("found"))
    return there


def load_vectors(
    client: opensearchpy.OpenSearch,
    index: str,
    vectors: NDArray[np.float32],
    metadata: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Put (N, D) unit ``vectors`` into ``index`` without pictures, for measuring, with the ids ``0`` to ``N - 1``; merge it into
    one segment.

    One segment, because merges behind our back would change the graph between two measurements. Raises the errors of the tree.
    """
    for start in range(0, len(vectors), _BATCH):
        body = b""
        for row in range(start, min(start + _BATCH, len(vectors))):
            more = {} if metadata is None else {"metadata": metadata[row]}
            body += index_action(index, str(row), {"image_id": str(row), "image_vector": vectors[row], **more})
        answer = client.bulk(body=body, params={"filter_path": "items.*.status,items.*.error"})
        check_answers(index, (item["index"] for item in answer.get("items", ())))
    client.indices.refresh(index=index)
    # Longer than a request may usually take: a graph of 50,000 vectors is built anew.
    client.indices.forcemerge(index=index, params={"max_num_segments": 1}, request_timeout=600)
    client.indices.refresh(index=index)
