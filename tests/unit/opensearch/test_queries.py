"""What is sent, by equality, and what is refused before anything is sent."""

from __future__ import annotations

import numpy as np
import orjson
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.filters import parse_filters
from clipseek.opensearch.queries import MAX_CHARACTERS, MAX_TERMS, Query, candidates_body, clauses, compose, search_body
from hypothesis import given
from hypothesis import strategies as st

VECTOR = np.array([0.6, 0.8], np.float32)
KNN = {"image_vector": {"vector": VECTOR.tolist(), "k": 200, "_name": "vector"}}
MATCH = {"match": {"caption": {"query": "red car", "_name": "caption"}}}


def body(query: Query, filters: list[dict[str, object]] | None = None) -> dict[str, object]:
    return search_body(query, clauses(query, VECTOR, filters or []))


def test_hybrid_never_goes_without_its_pipeline_and_depth() -> None:
    sent = body(Query("red car", weight=0.7))
    assert sent["query"] == {"hybrid": {"pagination_depth": 200, "queries": [MATCH, {"knn": KNN}]}}
    (processor,) = sent["search_pipeline"]["phase_results_processors"]  # type: ignore[index]
    combination = processor["normalization-processor"]["combination"]
    assert combination["technique"] == "arithmetic_mean"
    assert combination["parameters"]["weights"] == pytest.approx([0.3, 0.7])
    assert sent["_source"] == {"excludes": ["image_vector"]}


def test_weights_of_zero_and_one_stay_floats_in_json() -> None:
    # The server casts the list to doubles and answers 500 to integers.
    assert b"[0.0,1.0]" in orjson.dumps(body(Query("red car", weight=1.0)))


def test_caption_and_vector_searches_are_plain_queries() -> None:
    assert body(Query("red car", kind="caption"))["query"] == MATCH
    vector = body(Query("red car", kind="vector"))
    assert vector["query"] == {"knn": KNN}
    assert "search_pipeline" not in vector
    assert "highlight" not in vector


def test_filters_work_inside_every_clause() -> None:
    filters = parse_filters(["set=lucide", "width>=64", "set!=mdi"], {"set": "keyword"})
    assert filters == [
        {"term": {"metadata.set": {"value": "lucide"}}},
        {"range": {"width": {"gte": 64}}},
        {"bool": {"must_not": [{"term": {"metadata.set": {"value": "mdi"}}}]}},
    ]
    caption, vector = body(Query("red car"), filters)["query"]["hybrid"]["queries"]  # type: ignore[index]
    assert caption == {"bool": {"must": [MATCH], "filter": filters}}
    assert vector["knn"]["image_vector"]["filter"] == {"bool": {"filter": filters}}


@pytest.mark.parametrize("text", ["set", "=x", "set~x", ""])
def test_filters_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="not understood"):
        parse_filters([text], {"set": "keyword"})


def test_a_filter_field_that_is_not_indexed_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidOption, match=r"colour.*set"):
        parse_filters(["colour=red"], {"set": "keyword"})


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "nothing to search for"),
        ({"text": " \n\0 "}, "nothing to search for"),
        ({"picture": b"x", "kind": "caption"}, "needs words"),
        ({"picture": b"x", "kind": "hybrid"}, "needs words"),
        ({"text": "a", "picture": b"x", "kind": "caption"}, "cannot use a picture"),
        ({"text": "a", "weight": 1.5}, "outside 0 to 1"),
        ({"text": "a", "weight": float("nan")}, "outside 0 to 1"),
        ({"text": "a", "size": 0}, "hits cannot be asked for"),
        ({"text": "a", "fusion": "sum"}, "fusion 'sum'"),
    ],
)
def test_what_is_no_query_is_refused(arguments: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        Query(**arguments)  # type: ignore[arg-type]


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_is_a_value_and_nothing_else(text: str) -> None:
    try:
        query = Query(text, kind="caption")
    except InvalidOption:
        assert not text.replace("\0", " ").split()
        return
    sent = orjson.loads(orjson.dumps(search_body(query, clauses(query, None, []))))
    assert sent["query"] == {"match": {"caption": {"query": query.words, "_name": "caption"}}}


def test_endless_text_is_cut_to_what_the_server_takes() -> None:
    assert len(Query("to " * 100_000).words.split()) == MAX_TERMS
    assert len(Query("word" * 1_000_000).words) == MAX_CHARACTERS
    # Without spaces every character may be a term of its own.
    assert len(Query("日本語" * 100_000).words) == MAX_TERMS
    assert Query("\n" * 100_000 + "after much white space").words == "after much white space"
    assert Query("word " * 100_000).words.endswith(" word")
    assert Query("word " * 100_000).cut
    assert not Query(" one  line\nof words ").cut


def test_words_and_picture_compose_on_the_sphere() -> None:
    both = compose(np.array([1, 0], np.float32), np.array([0, 1], np.float32), 0.5)
    assert both == pytest.approx([0.5**0.5, 0.5**0.5])
    assert compose(np.array([1, 0], np.float32), np.array([0, 1], np.float32), 1.0) == pytest.approx([1, 0])
    with pytest.raises(InvalidOption, match="cancel"):
        compose(np.array([1, 0], np.float32), np.array([-1, 0], np.float32), 0.5)


def test_candidates_are_asked_for_without_their_documents() -> None:
    assert candidates_body(Query("a"), MATCH) == {
        "size": 200,
        "query": MATCH,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["image_id"],
        "track_total_hits": False,
    }
