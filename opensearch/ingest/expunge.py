"""Scores without a memory: documents that were replaced count in BM25 until their segments are merged."""

from __future__ import annotations

import time
from typing import Any

import opensearchpy

from ..errors import OpenSearchError, TimedOut

#: Documents of an index that is freed from replaced ones unasked: its graph is built again for it.
EXPUNGE_LIMIT = 200_000
_SETTING = "index.merge.policy.expunge_deletes_allowed"
_TIMEOUT_SECONDS = 3600.0
_POLL_SECONDS = 1.0
_LEASE_SECONDS = 45.0


def replaced_documents(client: opensearchpy.OpenSearch, index: str) -> tuple[int, int]:
    """(documents, those that were replaced or deleted and still count), of one copy of each shard."""
    answer: Any = client.indices.stats(index=index, metric="docs")
    docs = answer["_all"]["primaries"]["docs"]
    return int(docs["count"]), int(docs["deleted"])


def expunge(client: opensearchpy.OpenSearch, index: str) -> None:
    """Merge every segment that holds a replaced document, however few. The call alone passes over segments with a tenth of them or
    less, so that limit is taken away for its time.
    """
    client.indices.flush(index=index)
    _wait_for_leases(client, index)
    client.indices.put_settings(index=index, body={_SETTING: 0})
    try:
        client.transport.perform_request(
            "POST",
            f"/{index}/_forcemerge",
            params={"only_expunge_deletes": "true"},
            timeout=_TIMEOUT_SECONDS,
        )
    except TimedOut:
        # A proxy gave up waiting; the server goes on.
        until = time.monotonic() + _TIMEOUT_SECONDS
        while replaced_documents(client, index)[1] and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
    finally:
        client.indices.put_settings(index=index, body={_SETTING: None})
    client.indices.refresh(index=index)


def _wait_for_leases(client: opensearchpy.OpenSearch, index: str) -> None:
    """Until no copy of a shard keeps replaced documents for others to catch up: a merge would keep them, too. Each shard looks
    every half minute what it need not keep any more, and cannot be asked to.
    """
    until = time.monotonic() + _LEASE_SECONDS
    while time.monotonic() < until:
        answer: Any = client.indices.stats(index=index, params={"level": "shards"})
        copies = [copy for shards in answer["indices"][index]["shards"].values() for copy in shards]
        if all(_keeps_nothing(copy) for copy in copies):
            return
        time.sleep(_POLL_SECONDS)


def _keeps_nothing(copy: Any) -> bool:
    leases = (copy.get("retention_leases") or {}).get("leases") or []
    newest = int((copy.get("seq_no") or {}).get("max_seq_no", -1))
    return all(int(lease["retaining_seq_no"]) > newest for lease in leases)


def tidied(client: opensearchpy.OpenSearch, index: str, wanted: bool | None) -> tuple[bool, str]:
    """Whether the index was freed from replaced documents, and a sentence where it was not. ``wanted``: None for where it is small
    enough.
    """
    try:
        documents, replaced = replaced_documents(client, index)
        if not replaced:
            return False, ""
        if wanted or (wanted is None and documents <= EXPUNGE_LIMIT):
            expunge(client, index)
            return not replaced_documents(client, index)[1], ""
    except OpenSearchError as problem:
        return False, f"replaced documents still count in the scores of captions: {problem}"
    return False, (
        f"{replaced:,} replaced documents still count in the scores of captions, until the server merges them; --expunge frees the "
        "index from them now, and builds its graph again"
    )
