"""What an index holds already of the documents that a source brings."""

from __future__ import annotations

from typing import Any

import opensearchpy

from ..index.documents import COMPARED


def known_documents(client: opensearchpy.OpenSearch, index: str, ids: list[str]) -> dict[str, dict[str, Any]]:
    """The fields that a source decides, of those documents that are in the index, by id. One request."""
    answer: Any = client.mget(index=index, body={"ids": ids}, params={"_source_includes": ",".join(COMPARED)})
    return {entry["_id"]: entry.get("_source") or {} for entry in answer["docs"] if entry.get("found")}
