"""Vectors read out of an index: exactly those that were put in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import opensearchpy
from numpy.typing import NDArray

from ..errors import InvalidOption
from .documents import LONGEST_ID
from .version import Version


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
