"""What a complete search sends, by equality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.server.pipelines import NO_PIPELINE

from tests.plans import plan, values

VECTOR = np.array([0.6, 0.8], np.float32)
IDS = {"ids": {"values": ["a", "b", "c"]}}


def test_every_clause_is_over_all_candidates() -> None:
    made = plan("red car", VECTOR, group_duplicates=True, facets=("set",), declared={"set": "keyword"})
    assert made.complete
    assert made.complete_body(["a", "b", "c"]) == {
        "size": 3,
        "track_total_hits": False,
        "query": {
            "hybrid": {
                "pagination_depth": 3,
                "queries": [
                    {
                        "bool": {
                            "must": [{"match": {"caption": {"query": "red car", "_name": "caption"}}}],
                            "filter": [IDS],
                        }
                    },
                    {
                        "script_score": {
                            "query": IDS,
                            "script": {
                                "lang": "knn",
                                "source": "knn_score",
                                "params": {
                                    "field": "image_vector",
                                    "query_value": VECTOR.tolist(),
                                    "space_type": "innerproduct",
                                },
                            },
                            "_name": "vector",
                        }
                    },
                ],
            }
        },
        "search_pipeline": made.ranked["search_pipeline"],
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["image_id", "content_hash"],
    }


def test_matches_and_facets_are_counted_beside() -> None:
    made = plan("red car", VECTOR, complete=True, facets=("set",), declared={"set": "keyword"})
    assert made.matched_body == {
        **NO_PIPELINE,
        "size": 0,
        "track_total_hits": True,
        "query": {"bool": {"should": list(made.clauses.values())}},
        "aggs": {"set": {"terms": {"field": "metadata.set", "size": 20}}},
    }


@pytest.mark.parametrize(
    ("page", "depth"),
    [
        ({"size": 10}, 200),
        ({"start": 390, "size": 10}, 200),  # of one union with the first page: up to 200 of each clause
        ({"start": 399, "size": 30}, 200),  # the union's last page
        ({"start": 400, "size": 30}, 1_000),
        ({"size": 500}, 1_000),
        ({"start": 9_990, "size": 10}, 5_000),  # the server takes 10,000 in all
    ],
)
def test_depth_of_a_page(page: dict[str, Any], depth: int) -> None:
    assert plan("red car", VECTOR, complete=True, **page).depth == depth


def test_one_clause_has_nothing_to_complete() -> None:
    made = plan("red car", kind="caption", complete=True)
    assert not made.complete
    assert made.search_body == plan("red car", kind="caption").search_body


def test_a_page_beyond_every_candidate_is_refused() -> None:
    values("red car", complete=True, depth=50, start=90, size=10)
    with pytest.raises(InvalidOption, match="50 candidates cannot be used; give at least the last hit's number, 101"):
        values("red car", complete=True, depth=50, start=91, size=10)
