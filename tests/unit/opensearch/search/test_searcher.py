"""Every kind of query, and everything that is sent for it, by equality; what a server makes of it is for the integration tests."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import orjson
import pytest
from clipseek.opensearch.errors import InvalidOption, ModelMismatch
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.fusion import Fusion, pipeline
from clipseek.opensearch.query.limits import SEARCH_PARAMETERS
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.vectors import compose
from clipseek.opensearch.search.searcher import Searcher
from clipseek.opensearch.server.pipelines import NO_PIPELINE
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

from tests.plans import values

ENCODER = ColourEncoder()
VERSION = Version("i-1", "i", ENCODER.fingerprint, 4, 1, fields={"set": "keyword"})
RED, GREEN = ENCODER.encode_texts(["red car", "green"])
STORED = {"cat-1": [1.0, 0.0, 0.0, 0.0], "dog-1": [0.0, 1.0, 0.0, 0.0], "a": RED.tolist()}
COUNT = {**NO_PIPELINE, "size": 0, "track_total_hits": True}
SHOWN = {
    "size": 10,
    "_source": {"excludes": ["image_vector", "look", "source_places", "source_entries"]},
    "track_total_hits": True,
}
RANKED = {"_source": False, "stored_fields": "_none_", "docvalue_fields": ["image_id"]}
WORDS = {"match": {"caption": {"query": "red car"}}}
MATCH = {"match": {"caption": {"query": "red car", "_name": "caption"}}}


@dataclass
class Recorder:
    """Answers every search with one row, and keeps what it was sent."""

    found: dict[str, float] = field(default_factory=lambda: {"caption": 0.5})
    searches: list[dict[str, Any]] = field(default_factory=list)
    parameters: list[dict[str, Any]] = field(default_factory=list)
    together: list[list[dict[str, Any]]] = field(default_factory=list)

    @property
    def transport(self) -> Recorder:
        return self

    def perform_request(self, method: str, path: str, *, body: bytes) -> dict[str, Any]:
        path, _, parameters = path.partition("?")
        assert (method, path) == ("POST", "/i-1/_search")
        return self.search(index="i-1", body=body, params=dict(parse_qsl(parameters, strict_parsing=True)))

    def search(self, *, index: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        assert index == "i-1"
        self.searches.append(orjson.loads(body))
        self.parameters.append(params)
        source = {"image_id": "a", "image_uri": "file:///a.png", "caption": "a red car"}
        row = {
            "_id": "a",
            "_score": 0.5,
            "_source": source,
            "fields": {"image_id": ["a"]},
            "matched_queries": self.found,
        }
        return {"took": 1, "_shards": {"total": 1}, "hits": {"total": {"value": 1}, "hits": [row]}}

    def msearch(self, *, index: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        lines = [orjson.loads(line) for line in body.splitlines()]
        self.together.append(lines[1::2])
        row = {"_score": 1.0, "fields": {"image_id": ["a"]}}
        answers = [{"hits": {"total": {"value": 3}, "hits": [row] if line["size"] else []}} for line in lines[1::2]]
        return {"took": 1, "responses": answers}

    def mget(self, *, index: str, body: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        return {"docs": [{"_id": name, "_source": {"image_vector": STORED[name]}} for name in body["ids"]]}


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(buffer, "PNG")
    return buffer.getvalue()


def sent(text: str = "", **given: Any) -> Recorder:
    recorder = Recorder()
    answer = Searcher(recorder, VERSION, ENCODER).search(*values(text, **given))  # type: ignore[arg-type]
    assert [hit.id for hit in answer.hits] == ["a"]
    assert answer.documents == 3
    assert {name: recorder.parameters[0][name] for name in SEARCH_PARAMETERS} == SEARCH_PARAMETERS
    assert len({parameters["preference"] for parameters in recorder.parameters}) == 1
    return recorder


def knn(vector: Any, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"knn": {"image_vector": {**alone(vector, *filters)["knn"]["image_vector"], "_name": "vector"}}}


def alone(vector: Any, *filters: dict[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = {"vector": pytest.approx(np.asarray(vector).tolist(), abs=1e-6), "k": 200}
    if filters:
        inner["filter"] = {"bool": {"filter": list(filters)}}
    return {"knn": {"image_vector": inner}}


def without(*ids: str) -> dict[str, Any]:
    return {"bool": {"must_not": [{"ids": {"values": list(ids)}}]}}


def highlight(**more: Any) -> dict[str, Any]:
    words = {"match": {"caption": {"query": "red car", **more}}}
    return {
        "pre_tags": ["\ue000"],
        "post_tags": ["\ue001"],
        "max_analyzer_offset": 32_766,
        "fields": {"caption": {"number_of_fragments": 0, "highlight_query": words}},
    }


def test_text_to_image_by_caption() -> None:
    assert sent("red car", kind="caption").searches == [
        {**SHOWN, **NO_PIPELINE, "query": WORDS, "highlight": highlight()}
    ]
    all_words = {"match": {"caption": {"query": "red car", "operator": "and"}}}
    assert sent("red car", kind="caption", match="all", start=10).searches == [
        {**SHOWN, **NO_PIPELINE, "from": 10, "query": all_words, "highlight": highlight(operator="and")}
    ]


def test_text_to_image_by_vector() -> None:
    recorder = sent("red car", kind="vector", filters=("set=x",))
    assert recorder.searches == [
        {**SHOWN, **NO_PIPELINE, "query": alone(RED, {"term": {"metadata.set": {"value": "x"}}})}
    ]
    assert recorder.together == [[COUNT]]


def test_text_to_image_by_both_is_a_ranking_and_its_page() -> None:
    recorder = sent("red car", weight=0.75, technique="l2", mean="geometric", complete=False)
    technique = {"technique": "geometric_mean", "parameters": {"weights": [0.25, 0.75]}}
    processor = {"normalization": {"technique": "l2"}, "combination": technique}
    ranking, page = recorder.searches
    (found,) = ranking.pop("search_pipeline")["phase_results_processors"]
    assert found == {"normalization-processor": processor}
    hybrid = {"hybrid": {"pagination_depth": 200, "queries": [MATCH, knn(RED)]}}
    assert ranking == {**SHOWN, **RANKED, "query": hybrid}
    ids = {"ids": {"values": ["a"]}}
    excluded = {"excludes": ["image_vector", "look", "source_places", "source_entries"]}
    assert page == {
        **NO_PIPELINE,
        "size": 1,
        "query": ids,
        "track_total_hits": False,
        "_source": excluded,
        "highlight": highlight(),
    }
    assert recorder.together == [[COUNT]]


def test_a_complete_hybrid_is_its_candidates_their_ranking_and_a_page() -> None:
    recorder = sent("red car", weight=0.75)
    ranking, page = recorder.searches
    assert ranking["search_pipeline"] == pipeline("min_max", (0.25, 0.75))
    assert (
        ranking["query"]["hybrid"]["pagination_depth"] == ranking["size"] == 1
    )  # one candidate, which both clauses bring
    caption, vector = ranking["query"]["hybrid"]["queries"]
    ids = {"ids": {"values": ["a"]}}
    assert caption == {"bool": {"must": [MATCH], "filter": [ids]}}
    assert vector["script_score"]["query"] == ids
    assert vector["script_score"]["script"]["params"]["query_value"] == pytest.approx(RED.tolist())
    assert page["query"] == ids
    bare = {
        **NO_PIPELINE,
        "size": 200,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["image_id"],
        "track_total_hits": True,
    }
    count = COUNT
    # The index matches three by their vectors and answers one, as several shards would: that is counted apart.
    matched = {**count, "query": {"bool": {"should": [MATCH, knn(RED)]}}}
    assert recorder.together == [[{**bare, "query": WORDS}, {**bare, "query": alone(RED)}, count], [matched]]


def test_image_to_image_by_vector_and_with_words() -> None:
    red = ENCODER.encode_pictures([ENCODER.load_picture(picture("red"))])[0]
    assert sent(picture=picture("red")).searches == [{**SHOWN, **NO_PIPELINE, "query": alone(red)}]
    ranking, _ = sent("red car", picture=picture("lime"), text_weight=0.25, complete=False).searches
    lime = ENCODER.encode_pictures([ENCODER.load_picture(picture("lime"))])[0]
    joined = compose(RED, [(1.0, lime)], text_weight=0.25)
    assert ranking["query"]["hybrid"]["queries"] == [MATCH, knn(joined)]


def test_like_and_unlike_search_with_stored_vectors_and_leave_them_out() -> None:
    vector = compose(
        None, [(2.0, np.array(STORED["cat-1"], np.float32))], [(1.0, np.array(STORED["dog-1"], np.float32))]
    )
    found = sent(like=(("cat-1", 2.0),), unlike=(("dog-1", 1.0),)).searches
    assert found == [{**SHOWN, **NO_PIPELINE, "query": alone(vector, without("cat-1", "dog-1"))}]


def test_words_that_are_not_wanted_move_the_vector_and_leave_captions_out() -> None:
    ranking, _ = sent("red car", unwanted=("green",), not_weight=0.75, complete=False).searches
    barred = {"match": {"caption": {"query": "green", "operator": "and"}}}
    assert ranking["query"]["hybrid"]["queries"] == [
        {"bool": {"_name": "caption", "must": [{"match": {"caption": {"query": "red car"}}}], "must_not": [barred]}},
        knn(compose(RED, [], [(1.0, GREEN)], away_weight=0.75)),
    ]


def test_facets_groups_and_pages_of_a_hybrid_are_the_rankings() -> None:
    ranking, page = sent("red car", facets=("set",), group_duplicates=True, complete=False).searches
    assert ranking["aggs"] == {"set": {"terms": {"field": "metadata.set", "size": 20}}}
    assert (ranking["size"], "from" in ranking, "aggs" in page) == (400, False, False)
    ranking, page = sent("red car", start=20, size=5, depth=500, complete=False).searches
    assert (ranking["from"], ranking["size"], ranking["query"]["hybrid"]["pagination_depth"]) == (20, 5, 500)
    assert (page["size"], "from" in page) == (1, False)


@pytest.mark.parametrize("kind", ["caption", "vector", "hybrid"])
def test_near_duplicates_are_grouped_from_a_ranking_with_looks(kind: Any) -> None:
    ranking, page = sent("red car", kind=kind, group_near=True, complete=False).searches
    assert ranking["docvalue_fields"] == ["image_id", "content_hash", "look", "part.of"]
    assert (ranking["size"], ranking["_source"]) == (400 if kind == "hybrid" else 200, False)
    assert page["query"] == {"ids": {"values": ["a"]}}


def test_a_search_in_one_request_asks_for_the_number_of_pictures_once() -> None:
    recorder = Recorder()
    searcher = Searcher(recorder, VERSION, ENCODER)  # type: ignore[arg-type]
    plain = Fusion(complete=False)
    assert [searcher.search(Query("red car"), plain).documents for _ in range(3)] == [3, 3, 3]
    assert recorder.together == [[COUNT]]


def test_hits_below_a_cosine_are_marked_also_where_only_the_caption_found_them() -> None:
    recorder = Recorder()
    searcher = Searcher(recorder, VERSION, ENCODER)  # type: ignore[arg-type]
    near, far = (searcher.search(*values(words, min_cosine=0.9)).hits[0] for words in ("red car", "green"))
    assert (near.relevant, far.relevant) == (True, False)
    assert [near.cosine, far.cosine] == pytest.approx([1.0, float(RED @ GREEN)], abs=1e-6)
    assert searcher.search(Query("red car")).hits[0].relevant is None


def test_a_hit_that_the_vector_clause_scored_needs_no_further_request_for_its_cosine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(Recorder, "mget")
    searcher = Searcher(Recorder({"caption": 0.5, "vector": 1.75}), VERSION, ENCODER)  # type: ignore[arg-type]
    (hit,) = searcher.search(*values("red car", min_cosine=0.7)).hits
    assert (hit.cosine, hit.relevant) == (0.75, True)


def test_an_index_is_searched_as_it_was_tuned_unless_something_else_is_said() -> None:
    tuned = replace(
        VERSION, search={"fusion": "l2", "weight": 0.3, "candidates": 50, "match": "all", "complete": False}
    )
    recorder = Recorder()
    searcher = Searcher(recorder, tuned, ENCODER)  # type: ignore[arg-type]
    answer = searcher.search(Query("red car"))
    assert (answer.fusion, answer.query.match) == (Fusion("l2", weight=0.3, depth=50, complete=False), "all")
    ranking = recorder.searches[0]
    assert ranking["query"]["hybrid"]["pagination_depth"] == 50
    assert ranking["search_pipeline"] == pipeline("l2", (0.7, 0.3))
    assert ranking["query"]["hybrid"]["queries"][0]["match"]["caption"]["operator"] == "and"
    own = searcher.search(Query("red car"), searcher.default_fusion(Query("red car")).changed(technique="rrf"))
    assert own.fusion == Fusion("rrf", depth=50, complete=False)
    assert searcher.search(Query("red car"), Fusion()).fusion == Fusion()
    assert searcher.search(Query("red car", kind="vector")).fusion == Fusion()


def test_the_encoder_is_loaded_when_a_search_needs_it_and_once() -> None:
    loaded: list[Version] = []

    def load(version: Version) -> ColourEncoder:
        loaded.append(version)
        return ENCODER

    searcher = Searcher(Recorder(), VERSION, load_encoder=load)  # type: ignore[arg-type]
    searcher.search(Query("red car", kind="caption"))
    searcher.search(Query(like=(("cat-1", 1.0),)))
    assert loaded == []
    searcher.search(Query("red car"))
    searcher.search(Query(picture=picture("red")))
    assert loaded == [VERSION]
    other = Searcher(Recorder(), replace(VERSION, fingerprint="cd" * 32), load_encoder=load)  # type: ignore[arg-type]
    with pytest.raises(ModelMismatch):
        other.search(Query("red car"))
    with pytest.raises(InvalidOption, match="a hybrid search needs a model"):
        Searcher(Recorder(), VERSION).search(Query("red car"))  # type: ignore[arg-type]


def test_notes_for_the_person_who_searches() -> None:
    calibrated = replace(VERSION, calibration={"cosine": 0.31, "pictures": 2})
    searcher = Searcher(Recorder(), calibrated, ENCODER)  # type: ignore[arg-type]
    assert searcher.search(Query("red car")).notes == ()
    long = searcher.search(Query("red " * 2000))
    assert long.notes == (f"the text is long; only its first {len(long.query.words):,} characters are searched for",)
    cut = searcher.search(Query("red car"), page=Page(min_cosine="auto"))
    assert cut.page.min_cosine == 0.31
    (note,) = cut.notes
    assert note.startswith("the cut-off was learnt with 2 pictures: more of them have more chance hits")
    assert searcher.search(Query("red car"), page=Page(min_cosine=0.3)).notes == ()
