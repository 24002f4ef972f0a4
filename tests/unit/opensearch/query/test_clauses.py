"""A search of several texts and pictures: as one vector, and as clauses of their own. What is sent, by equality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.query.clauses import clause_weights
from clipseek.opensearch.query.fusion import Fusion, pipeline
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.plan import make_plan
from clipseek.opensearch.query.query import Query, QueryPicture
from clipseek.opensearch.query.scope import Scope
from clipseek.opensearch.query.vectors import query_vectors
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.testing.encoder import ColourEncoder

from tests.plans import plan, values

A, B, C = (np.array(values, np.float32) for values in ([1, 0], [0, 1], [0.6, 0.8]))


def knn(name: str, vector: Any) -> dict[str, Any]:
    return {"knn": {"image_vector": {"vector": vector.tolist(), "k": 200, "_name": name}}}


def test_every_text_picture_and_id_is_a_clause() -> None:
    mixed: dict[str, Any] = {"texts": (("boat", 3.0),), "picture": b"x", "like": (("cat-7", 3.0),)}
    by_name = {"words 1": A, "words 2": B, "picture": C, "like": A}
    split = make_plan(Query("red car", **mixed, split=True), Fusion(weight=0.8), Page(), Scope(), by_name)
    sent = split.search_body
    caption = {
        "bool": {
            "should": [
                {"match": {"caption": {"query": "red car", "boost": 1.0}}},
                {"match": {"caption": {"query": "boat", "boost": 3.0}}},
            ],
            "_name": "caption",
        }
    }
    vectors = [knn("words 1", A), knn("words 2", B), knn("picture", C), knn("like", A)]
    assert sent["query"] == {"hybrid": {"pagination_depth": 200, "queries": [caption, *vectors]}}
    weights = [0.2, 0.1, 0.3, 0.1, 0.3]
    assert list(split.weights.values()) == pytest.approx(weights)
    (processor,) = sent["search_pipeline"]["phase_results_processors"]
    parameters = processor["normalization-processor"]["combination"]["parameters"]
    assert parameters["weights"] == pytest.approx(weights)
    highlight = sent["highlight"]["fields"]["caption"]["highlight_query"]
    assert highlight == {"bool": {"should": caption["bool"]["should"]}}


def test_pictures_alone_are_joined_too() -> None:
    split = plan(
        vectors={"picture 1": A, "picture 2": B}, pictures=(QueryPicture(b"x"), QueryPicture(b"y", 3.0)), split=True
    )
    sent = split.search_body
    hybrid = {"pagination_depth": 200, "queries": [knn("picture 1", A), knn("picture 2", B)]}
    assert sent["query"] == {"hybrid": hybrid}
    assert sent["search_pipeline"] == pipeline("min_max", (0.25, 0.75))
    assert split.query.fused


def test_one_part_alone_is_the_usual_search() -> None:
    for asked in ({"text": "red car"}, {"text": "red car", "kind": "caption"}, {"picture": b"x"}):
        assert plan(vectors=A, **asked, split=True).search_body == plan(vectors=A, **asked).search_body


def test_all_texts_must_be_there_where_all_words_must() -> None:
    (sent,) = plan("red car", texts=(("boat", 2.0),), kind="caption", match="all").clauses.values()
    inner = [
        {"match": {"caption": {"query": "red car", "operator": "and", "boost": 1.0}}},
        {"match": {"caption": {"query": "boat", "operator": "and", "boost": 2.0}}},
    ]
    assert sent == {"bool": {"must": inner, "_name": "caption"}}
    # One text alone is the plain query: there is nothing to weigh it against.
    alone = plan(texts=(("boat", 2.0),), kind="caption")
    assert alone.clauses == plan("boat", kind="caption").clauses


def test_weights_are_those_of_the_one_vector() -> None:
    mixed = Query("a", pictures=(QueryPicture(b"x"), QueryPicture(b"y")), like=(("b", 2),), split=True, text_weight=0.4)
    both = clause_weights(mixed, Fusion())
    assert both == pytest.approx({"caption": 0.5, "words": 0.2, "picture 1": 0.075, "picture 2": 0.075, "like": 0.15})
    texts = Query("a", texts=(("b", 3),), kind="vector", split=True, text_weight=0.4)
    assert clause_weights(texts, Fusion()) == pytest.approx({"words 1": 0.25, "words 2": 0.75})
    assert sum(both.values()) == pytest.approx(1)


def test_rrf_counts_every_clause_the_same_unless_weights_are_asked_for() -> None:
    query = Query("a", picture=b"x", split=True)
    assert len(set(clause_weights(query, Fusion("rrf")).values())) == 1
    sent = plan("a", {"words": A, "picture": B}, picture=b"x", split=True, technique="rrf").search_body
    assert "weights" not in str(sent["search_pipeline"])
    assert len(set(clause_weights(query, Fusion("rrf", weight=0.6)).values())) > 1


def test_vectors_of_the_clauses_and_of_the_one() -> None:
    encoder = ColourEncoder()
    red, green, blue = encoder.encode_texts(["red", "green", "blue"])
    query = Query("red", texts=(("green", 3.0),), like=(("d", 1.0),), unwanted=("blue",), not_weight=0.5, split=True)
    found = query_vectors(query, lambda: encoder, lambda ids: {"d": blue + red})
    assert list(found) == ["words 1", "words 2", "like"]
    away = red - 0.5 * blue
    assert found["words 1"] == pytest.approx(away / np.linalg.norm(away), abs=1e-6)
    (one,) = query_vectors(Query("red", texts=(("green", 3.0),)), lambda: encoder, lambda ids: {}).values()
    mixed = red / 4 + green * 3 / 4
    assert one == pytest.approx(mixed / np.linalg.norm(mixed), abs=1e-6)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"text": "a", "texts": (("b", 1.0),) * 4, "split": True}, "6 clauses are too many: OpenSearch takes 5"),
        ({"text": "a", "texts": ((" ", 1.0),)}, "--text has no words"),
        ({"text": "a", "texts": (("b" * 4001, 1.0),)}, "--text has no words, or more than"),
        ({"text": "a", "texts": (("b " * 901, 1.0),)}, "too long together"),
        ({"text": "a", "texts": (("b", 0.0),)}, "weight 0.0 cannot be used"),
        ({"text": "a", "texts": (("b", float("nan")),)}, "weight nan cannot be used"),
        ({"text": "a", "texts": (("b", 1.0),) * 65}, "too many"),
        ({"text": "a", "texts": (("b", 1.0),), "split": True, "min_cosine": 0.3}, "no one cosine"),
    ],
)
def test_what_is_refused(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        values(**asked)


def test_an_indexs_default_pipeline_is_for_two_clauses() -> None:
    setting = Setting.read({"pipeline": "mild", "fusion": "l2", "complete": True})
    assert setting.fusion_for(Query("a", picture=b"x", split=True), Page()) == Fusion("l2")
