from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.relevance.hnsw_recall import (
    advice,
    check_index,
    exact_body,
    frequent_filter,
    hnsw_body,
    recall_beside_itself,
)

from .fake_index import VERSION, FakeIndex, unit

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


@pytest.fixture
def index() -> Any:
    return FakeIndex({f"d{i}": "" for i in range(300)}, {f"d{i}": unit(i) for i in range(300)})


def test_a_graph_that_misses_nothing_is_good(index: Any) -> None:
    figures = check_index(index, VERSION, queries=20)
    assert [(figure.pictures, figure.k) for figure in figures] == [
        ("all pictures", 10),
        ("all pictures", 100),
        ("half=even", 10),
        ("half=even", 100),
    ]
    assert all(figure.recall == figure.low == figure.high == 1 for figure in figures)
    assert advice(figures, "default") == "HNSW search finds what is nearest; nothing to do"
    knn = [body for body in index.bodies if "knn" in body.get("query", {})]
    assert len(knn) == 2 * 20


def test_a_graph_that_misses_some_is_not(index: Any) -> None:
    index.missed = {f"d{i}" for i in range(30, 300, 4)}  # a quarter, all of them even
    figures = check_index(index, VERSION, queries=20)
    every, filtered = figures[0], figures[2]
    assert every.recall == pytest.approx(0.75, abs=0.1)
    assert filtered.recall == pytest.approx(0.5, abs=0.1)
    assert every.low <= every.recall <= every.high < 1
    worst = min(figures[2:], key=lambda figure: figure.recall)
    assert advice(figures, "default").startswith(f"HNSW recall@{worst.k} is {worst.recall:.3f} among half=even: search")
    assert advice(figures, "default").endswith("or ingest into a new index with --preset talk")
    assert advice(figures, "talk").endswith("(--depth 1000)")
    assert figures[0].as_dict()["recall"] == every.recall


def test_filters_of_ones_own_replace_the_frequent_one(index: Any) -> None:
    figures = check_index(index, VERSION, queries=5, filters=["half=odd"])
    assert {figure.pictures for figure in figures} == {"all pictures", "half=odd"}
    with pytest.raises(InvalidOption, match="nothing"):
        check_index(index, VERSION, queries=5, filters=["nothing=1"])


def test_an_index_without_keywords_is_checked_whole(index: Any) -> None:
    bare = replace(VERSION, fields={"size": "number"})
    assert frequent_filter(index, bare) == []
    assert len(check_index(index, bare, queries=5)) == 2
    with pytest.raises(InvalidOption, match="no pictures to check with"):
        check_index(FakeIndex({}, {}), bare)  # type: ignore[arg-type]
