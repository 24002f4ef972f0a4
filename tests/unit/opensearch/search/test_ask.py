"""A hybrid's two requests, by equality, and what becomes of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import opensearchpy
from clipseek.opensearch.search.ask import ranked_rows
from clipseek.opensearch.search.second_requests import with_documents
from clipseek.opensearch.server.pipelines import NO_PIPELINE
from clipseek.testing.server import FakeServer

from tests.plans import plan

PLAN = plan("red car", np.array([0.6, 0.8], np.float32), size=3, start=2, complete=False)
BODY = PLAN.search_body


def test_the_ranking_is_the_same_search_without_documents() -> None:
    sent = PLAN.ranking_body
    for name in ("query", "search_pipeline", "size", "from", "track_total_hits"):
        assert sent[name] == BODY[name]
    assert sent.keys() - BODY.keys() == {"stored_fields", "docvalue_fields"}
    assert (sent["_source"], sent["stored_fields"]) == (False, "_none_")
    assert sent["docvalue_fields"] == ["image_id"]
    assert "highlight" not in sent


def test_the_page_shows_what_the_search_would_have() -> None:
    assert PLAN.page_body(["b", "a"]) == {
        **NO_PIPELINE,
        "size": 2,
        "query": {"ids": {"values": ["b", "a"]}},
        "track_total_hits": False,
        "_source": {"excludes": ["image_vector", "look", "source_places", "source_entries"]},
        "highlight": BODY["highlight"],
    }


def test_rows_keep_their_order_and_the_deleted_are_left_out(
    server: FakeServer, client: opensearchpy.OpenSearch
) -> None:
    ranked: list[dict[str, Any]] = [
        {"_score": 0.9, "matched_queries": {"vector": 1.5}, "fields": {"image_id": ["b"], "content_hash": ["h"]}},
        {"_score": 0.8, "fields": {"image_id": ["gone"]}},
        {"_score": 0.7, "fields": {"image_id": ["a"]}},
    ]
    shown = [
        {"_id": "a", "_score": 1.0, "_source": {"caption": "a car"}, "highlight": {"caption": ["a car"]}},
        {"_id": "b", "_score": 1.0, "_source": {"caption": "a boat"}},
    ]
    server.interceptors.append(
        lambda method, path, body: (200, {"hits": {"hits": shown}}) if "_search" in path else None
    )
    rows = ranked_rows(ranked)
    assert [(row["_id"], row["_source"]) for row in rows] == [("b", {"content_hash": "h"}), ("gone", {}), ("a", {})]
    found = with_documents(client, "i", PLAN, rows)
    assert [(row["_id"], row["_score"], row["_source"]["caption"]) for row in found] == [
        ("b", 0.9, "a boat"),
        ("a", 0.7, "a car"),
    ]
    assert found[0]["matched_queries"] == {"vector": 1.5}
    assert found[1]["highlight"] == {"caption": ["a car"]}
    asked = len(server.log)
    assert with_documents(client, "i", PLAN, []) == []
    assert len(server.log) == asked
    assert "_id" not in ranked[1]  # left as it was
