"""What is sent, by equality, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.query.filters import parse_filters
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.limits import MAX_CHARACTERS, MAX_TERMS
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.scope import parse_facets
from clipseek.opensearch.query.vectors import compose, read_weight
from clipseek.opensearch.search.index_defaults import Setting, Wording
from clipseek.opensearch.search.second_requests import candidates_body
from clipseek.opensearch.server.pipelines import NO_PIPELINE
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans import plan, values
from tests.sizes import sized

VECTOR = np.array([0.6, 0.8], np.float32)
ALONE = {"image_vector": {"vector": VECTOR.tolist(), "k": 200}}
KNN = {"image_vector": {"vector": VECTOR.tolist(), "k": 200, "_name": "vector"}}
MATCH = {"match": {"caption": {"query": "red car", "_name": "caption"}}}
WORDS = {"match": {"caption": {"query": "red car"}}}


def body(text: str, **given: Any) -> dict[str, Any]:
    return plan(text, VECTOR, **given).search_body


def test_hybrid_never_goes_without_its_pipeline_and_depth() -> None:
    sent = body("red car", weight=0.7)
    assert sent["query"] == {"hybrid": {"pagination_depth": 200, "queries": [MATCH, {"knn": KNN}]}}
    (processor,) = sent["search_pipeline"]["phase_results_processors"]
    combination = processor["normalization-processor"]["combination"]
    assert combination["technique"] == "arithmetic_mean"
    assert combination["parameters"]["weights"] == pytest.approx([0.3, 0.7])
    assert sent["_source"] == {"excludes": ["image_vector", "look", "source_places", "source_entries"]}


def test_weights_of_zero_and_one_stay_floats_in_json() -> None:
    # The server casts the list to doubles and answers 500 to integers.
    assert b"[0.0,1.0]" in orjson.dumps(body("red car", weight=1.0))


def test_caption_and_vector_searches_are_plain_queries() -> None:
    # Without names: the server would search once more to tell them, and the score is the clause's own.
    assert body("red car", kind="caption")["query"] == WORDS
    vector = body("red car", kind="vector")
    assert vector["query"] == {"knn": ALONE}
    assert vector["search_pipeline"] == "_none"
    assert "highlight" not in vector


def test_filters_work_inside_every_clause() -> None:
    written, declared = ("set=lucide", "width>=64", "set!=mdi"), {"set": "keyword"}
    filters = parse_filters(written, declared)  # type: ignore[arg-type]
    assert filters == [
        {"term": {"metadata.set": {"value": "lucide"}}},
        {"range": {"width": {"gte": 64}}},
        {"bool": {"must_not": [{"term": {"metadata.set": {"value": "mdi"}}}]}},
    ]
    caption, vector = body("red car", filters=written, declared=declared)["query"]["hybrid"]["queries"]
    assert caption == {"bool": {"_name": "caption", "must": [WORDS], "filter": filters}}
    assert vector["knn"]["image_vector"]["filter"] == {"bool": {"filter": filters}}


def test_a_filters_list_is_any_of_its_values() -> None:
    declared: dict[str, Any] = {"set": "keyword"}
    assert parse_filters(["set=lucide, mdi", "set!=a,b", "width=10,20"], declared) == [
        {"terms": {"metadata.set": ["lucide", "mdi", "lucide, mdi"]}},  # or that very text
        {"bool": {"must_not": [{"terms": {"metadata.set": ["a", "b", "a,b"]}}]}},
        {"terms": {"width": [10, 20]}},
    ]
    assert parse_filters(["set=a,"], declared) == [{"term": {"metadata.set": {"value": "a,"}}}]
    with pytest.raises(InvalidOption, match="no number for width"):
        parse_filters(["width=10,wide"], declared)
    with pytest.raises(InvalidOption, match="no number for width"):
        parse_filters(["width>10,20"], declared)
    with pytest.raises(InvalidOption, match="201 values of 'set' are too many"):
        parse_filters(["set=" + ",".join(map(str, range(201)))], declared)


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
        ({"text": "a", "technique": "sum"}, "fusion 'sum'"),
    ],
)
def test_what_is_no_query_is_refused(arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        values(**arguments)


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_is_a_value_and_nothing_else(text: str) -> None:
    try:
        query = Query(text, kind="caption")
    except InvalidOption:
        assert not text.replace("\0", " ").split()
        return
    sent = orjson.loads(orjson.dumps(plan(text, kind="caption").search_body))
    assert sent["query"] == {"match": {"caption": {"query": query.words}}}


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
    both = compose(np.array([1, 0], np.float32), [(1.0, np.array([0, 1], np.float32))])
    assert both == pytest.approx([0.5**0.5, 0.5**0.5])
    assert compose(
        np.array([1, 0], np.float32), [(1.0, np.array([0, 1], np.float32))], text_weight=1.0
    ) == pytest.approx([1, 0])
    with pytest.raises(InvalidOption, match="cancel"):
        compose(np.array([1, 0], np.float32), [(1.0, np.array([-1, 0], np.float32))])


def test_candidates_are_asked_for_without_their_documents() -> None:
    assert candidates_body(MATCH, 200) == {
        **NO_PIPELINE,
        "size": 200,
        "query": WORDS,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["image_id"],
        "track_total_hits": False,
    }


def test_all_words_and_phrases_are_match_queries_too() -> None:
    every = body("red car", kind="caption", match="all")
    assert every["query"] == {"match": {"caption": {"query": "red car", "operator": "and"}}}
    phrase = body("red car", kind="caption", match="phrase")
    assert phrase["query"] == {"match_phrase": {"caption": {"query": "red car"}}}
    fields = phrase["highlight"]["fields"]
    assert fields["caption"]["highlight_query"] == {"match_phrase": {"caption": {"query": "red car"}}}


def test_most_words_and_words_as_they_are_written() -> None:
    most = body("red car", kind="caption", match="most")
    assert most["query"] == {"match": {"caption": {"query": "red car", "minimum_should_match": "2<75%"}}}
    exact = body("red car", kind="caption", exact=True)
    assert exact["query"] == {"match": {"caption.exact": {"query": "red car"}}}
    (marked,) = exact["highlight"]["fields"].items()
    assert marked[0] == "caption.exact"
    assert marked[1]["highlight_query"] == {"match": {"caption.exact": {"query": "red car"}}}


def test_a_smaller_depth_cuts_what_the_graph_finds_as_usual() -> None:
    # The graph asked for fewer misses more of them: what tune cut here would not be what the server answers.
    hybrid = body("red car", depth=50)["query"]["hybrid"]
    assert hybrid["pagination_depth"] == 50
    assert hybrid["queries"][1] == {"knn": KNN}
    deep = body("red car", depth=300)["query"]["hybrid"]
    assert deep["queries"][1]["knn"]["image_vector"]["k"] == deep["pagination_depth"] == 300
    alone = body("red car", kind="vector", depth=50)["query"]
    assert alone == {"knn": {"image_vector": {**ALONE["image_vector"], "k": 50}}}


def test_ef_search_goes_with_the_vector() -> None:
    sent = body("red car", kind="vector", ef_search=400)["query"]
    assert sent == {"knn": {"image_vector": {**ALONE["image_vector"], "method_parameters": {"ef_search": 400}}}}
    with pytest.raises(InvalidOption, match="ef_search 0"):
        Fusion(ef_search=0)


def test_an_indexs_default_is_for_hybrids_and_reaches_the_last_hit() -> None:
    kept = {"fusion": "l2", "weight": 0.3, "candidates": 50, "match": "all", "exact": True, "complete": False}
    setting, query = Setting.read(kept), Query("red car")
    assert setting.fusion_for(query, Page()) == Fusion("l2", weight=0.3, depth=50, complete=False)
    assert (setting.worded(query).match, setting.worded(query).exact) == ("all", True)
    own = Query("red car", match="most", exact=False)
    assert setting.worded(own) == own
    assert setting.fusion_for(query, Page(start=45)).depth is None
    complete = Setting.read({**kept, "complete": True})  # its pages hold the candidates of both clauses
    assert [complete.fusion_for(query, Page(start=start)).depth for start in (45, 90, 91)] == [50, 50, None]
    alone = Query("red car", kind="caption")
    assert (setting.worded(alone), setting.fusion_for(alone, Page())) == (alone, Fusion())


def test_what_an_index_keeps_is_read_again() -> None:
    setting = Setting(Fusion("l2", "harmonic", 0.3, depth=50, ef_search=400), Wording("most", True))
    kept = {"fusion": "l2", "mean": "harmonic", "weight": 0.3, "candidates": 50, "match": "most", "exact": True}
    assert setting.kept() == {**kept, "ef_search": 400, "complete": True}
    lists = Setting(Fusion(complete=False))
    assert lists.kept()["complete"] is False
    assert [Setting.read(one.kept()) for one in (setting, lists)] == [setting, lists]
    # What was kept before there were complete hybrids does not say it, and goes on without.
    assert Setting.read(kept).fusion.complete is False
    assert Setting.read({}) == Setting()
    with pytest.raises(InvalidOption, match="fusion 'sum' is not known"):
        Setting.read({"fusion": "sum"})


def test_a_part_of_a_default_is_changed_and_what_was_chosen_together_is_not_mixed() -> None:
    tuned = Fusion("l2", "harmonic", 0.3, depth=50, ef_search=400)
    assert tuned.changed() == tuned
    assert tuned.changed(depth=500) == Fusion("l2", "harmonic", 0.3, depth=500, ef_search=400)
    assert tuned.changed(technique="rrf") == Fusion("rrf", depth=50, ef_search=400)
    assert tuned.changed(weight=0.0) == Fusion(weight=0.0, depth=50, ef_search=400)
    assert tuned.changed(pipeline="mild") == Fusion(pipeline="mild", depth=50, ef_search=400)
    assert Fusion(pipeline="mild").changed(mean="geometric") == Fusion(mean="geometric")


def test_captions_of_what_is_not_wanted_are_left_out_of_the_caption_clause() -> None:
    sent = body("red car", kind="caption", unwanted=(" old\n van ",))
    assert sent["query"] == {
        "bool": {
            "must": [WORDS],
            "must_not": [{"match": {"caption": {"query": "old van", "operator": "and"}}}],
        }
    }


def test_pages_of_one_search_have_the_same_candidates() -> None:
    assert [plan("a", VECTOR, start=start, complete=False).depth for start in (0, 190, 191, 990, 991, 9990)] == [
        200,
        200,
        1000,
        1000,
        10_000,
        10_000,
    ]
    sent = body("red car", start=20, size=10, depth=300, complete=False)
    assert (sent["from"], sent["size"]) == (20, 10)
    assert sent["query"]["hybrid"]["pagination_depth"] == 300
    assert sent["query"]["hybrid"]["queries"][1]["knn"]["image_vector"]["k"] == 300


def test_facets_and_groups() -> None:
    declared: dict[str, Any] = {"set": "keyword"}
    sent = body("red car", kind="caption", group_duplicates=True, facets=("set",), declared=declared)
    assert sent["collapse"] == {"field": "content_hash"}
    assert sent["aggs"] == {"set": {"terms": {"field": "metadata.set", "size": 20}}}
    hybrid = body("red car", group_duplicates=True, start=5)  # grouped here: an older server would ignore it
    assert "collapse" not in hybrid
    assert "from" not in hybrid
    assert hybrid["size"] == 400
    sent = body("red car", kind="caption", group_near=True, start=5)
    assert ("collapse" in sent, "from" in sent, sent["size"]) == (False, False, 200)
    with pytest.raises(InvalidOption, match="facet field 'colour' is not indexed"):
        parse_facets(["colour"], {"set": "keyword"})


def test_sorted_by_a_field_pages_are_stable() -> None:
    declared: dict[str, Any] = {"set": "keyword"}
    sent = body("red car", kind="caption", sort="set:desc", start=10, declared=declared)
    by = [{"metadata.set": {"order": "desc", "missing": "_last"}}, {"image_id": "asc"}]
    assert (sent["sort"], sent["track_scores"], sent["from"], sent["size"]) == (by, True, 10, 10)
    del sent["sort"], sent["track_scores"]
    assert sent == body("red car", kind="caption", start=10)
    # A hybrid's candidates all come, to be sorted here.
    sent = body("red car", sort="set", start=10, declared=declared)
    assert ("sort" in sent, "from" in sent, sent["size"]) == (False, False, 400)
    assert sent["query"] == body("red car")["query"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"unwanted": ("a",)}, "only what is not wanted"),
        ({"unlike": (("a", 1.0),)}, "only what is not wanted"),
        ({"text": "a", "unwanted": (" ",)}, "--not has no words"),
        ({"text": "a", "unwanted": ("b " * 51,)}, "too long"),
        ({"text": "a", "like": (("", 1.0),)}, "names nothing"),
        ({"text": "a", "like": (("b", 0.0),)}, "weight 0.0 cannot be used"),
        ({"text": "a", "like": (("b", 1.0),) * 65}, "too many"),
        ({"text": "a", "unlike": (("\ud800", 1.0),)}, "is no id"),
        ({"text": "a", "like": (("b", 1e-300),)}, "weight 1e-300 cannot be used"),
        ({"text": "a", "kind": "caption", "like": (("b", 1.0),)}, "cannot use a picture"),
        ({"text": "a", "start": 9_991}, "cannot be reached"),
        ({"text": "a", "start": -1}, "cannot be reached"),
        ({"text": "a", "depth": 9, "complete": False}, "candidates cannot be used"),
        ({"text": "a", "match": "some"}, "match 'some'"),
    ],
)
def test_what_is_no_composition_is_refused(arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        values(**arguments)


FIELD = st.sampled_from(["set", "width", "ingested_at", "metadata.set", "_id", "caption", "", "nope"])
SIGN = st.sampled_from(["=", "!=", ">=", "<=", ">", "<", "", "~", "=="])


@settings(max_examples=sized(1_000, 50_000), deadline=None)
@given(
    text=st.text(max_size=40),
    written=st.lists(
        st.one_of(st.text(max_size=40), st.builds("{}{}{}".format, FIELD, SIGN, st.text(max_size=20))), max_size=4
    ),
    like=st.lists(st.text(max_size=20), max_size=3),
    unwanted=st.lists(st.text(max_size=20), max_size=2),
    numbers=st.tuples(
        st.integers(-5, 20_000), st.integers(-1, 2_000), st.one_of(st.floats(-1, 2), st.just(float("nan")))
    ),
)
def test_hostile_queries_and_filters_are_bodies_or_one_line(
    text: str, written: list[str], like: list[str], unwanted: list[str], numbers: tuple[int, int, float]
) -> None:
    start, size, weight = numbers
    try:
        sent = body(
            text,
            declared={"set": "keyword"},
            filters=tuple(written),
            like=tuple(map(read_weight, like)),
            unwanted=tuple(unwanted),
            start=start,
            size=size,
            weight=weight,
        )
    except InvalidOption as problem:
        refusal = str(problem)
    else:
        refusal = ""
    if refusal:
        assert len(refusal) < 600
        return
    again = orjson.loads(orjson.dumps(sent))
    assert again.keys() <= {"size", "from", "query", "search_pipeline", "_source", "track_total_hits", "highlight"}
    assert again["size"] + again.get("from", 0) <= 10_000
