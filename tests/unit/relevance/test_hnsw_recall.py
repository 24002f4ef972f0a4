from __future__ import annotations

import numpy as np
import pytest
from clipseek.relevance.hnsw_recall import exact_body, hnsw_body, recall_beside_itself

VECTOR = np.array([0.6, 0.8], np.float32)


def test_the_query_picture_itself_counts_on_neither_side() -> None:
    assert recall_beside_itself([2.0, 1.9, 1.5], [2.0, 1.9, 1.8], 2) == 0.5
    assert recall_beside_itself([2.0, 1.9, 1.8], [2.0, 1.9, 1.8], 2) == 1.0


def test_equally_near_is_equally_right_and_nothing_to_find_is_found() -> None:
    assert recall_beside_itself([2.0, 1.5, 1.5], [2.0, 1.5 + 1e-6, 1.5], 2) == 1.0
    assert recall_beside_itself([2.0], [2.0, 1.9], 10) == 0.0
    assert recall_beside_itself([1.9], [2.0, 1.9], 10) == 1.0  # the picture itself was missed, its neighbour not
    assert recall_beside_itself([], [2.0], 10) == 1.0


def test_both_searches_have_the_filters_inside() -> None:
    term = {"term": {"metadata.set": {"value": "x"}}}
    values = VECTOR.tolist()
    assert hnsw_body(VECTOR, 101, [term])["query"] == {
        "knn": {"image_vector": {"vector": values, "k": 200, "filter": {"bool": {"filter": [term]}}}}
    }
    script = exact_body(VECTOR, 101, [term])["query"]["script_score"]
    assert script["query"] == {"bool": {"filter": [term]}}
    assert script["script"]["params"] == {
        "field": "image_vector",
        "query_value": pytest.approx([0.6, 0.8]),
        "space_type": "innerproduct",
    }
    assert exact_body(VECTOR, 101, [])["query"]["script_score"]["query"] == {"match_all": {}}
