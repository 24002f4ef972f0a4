"""A hybrid search in two requests: its ranking without documents, then the documents of one page.

Of an index with one shard, OpenSearch (2.19 at least) loads the document of every candidate of a hybrid, up to 400 with their
vectors, to answer ten hits: that is most of the time. Asked without documents, a hybrid takes as long as its slower clause
(benchmarks/search_request.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import opensearchpy
import orjson


def ranking_body(
    body: Mapping[str, Any], looks: bool = False, more: Sequence[str | dict[str, str]] = ()
) -> dict[str, Any]:
    """The search ``body`` (``bodies.search_body``) with ids, content hashes and scores as its only answer; with ``looks``, those
    too, and with ``more`` values.
    """
    kept = {name: value for name, value in body.items() if name != "highlight"}
    values = ["image_id", "content_hash", *(["look"] if looks else []), *more]
    return {**kept, "_source": False, "stored_fields": "_none_", "docvalue_fields": values}


def page_body(body: Mapping[str, Any], ids: Sequence[str]) -> dict[str, Any]:
    """The documents ``ids`` as the search ``body`` would show them."""
    shown = {name: body[name] for name in ("_source", "highlight") if name in body}
    return {"size": len(ids), "query": {"ids": {"values": list(ids)}}, "track_total_hits": False, **shown}


def named(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a ranking with their ``_id`` where it always is, and ``content_hash`` and ``look`` in ``_source``."""
    found = []
    for row in rows:
        fields = row["fields"]
        source = {name: fields[name][0] for name in ("content_hash", "look") if name in fields}
        found.append({**row, "_id": fields["image_id"][0], "_source": source})
    return found


def with_documents(
    client: opensearchpy.OpenSearch,
    index: str,
    body: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The rows of a ranking with source and highlight; without those that were deleted meanwhile. One request, none for no rows."""
    if not rows:
        return []
    asked = orjson.dumps(page_body(body, [row["_id"] for row in rows]))
    answer = client.search(index=index, body=asked, params=dict(parameters))
    shown = {row["_id"]: row for row in answer["hits"]["hits"]}
    parts = ("_source", "highlight")
    return [
        {**row, **{name: shown[row["_id"]][name] for name in parts if name in shown[row["_id"]]}}
        for row in rows
        if row["_id"] in shown
    ]
