"""What the API answers is what the library finds, of every kind of query."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import opensearchpy
import pytest
from clipseek.encoder import Crop
from clipseek.opensearch import Page, Query, QueryPicture, Searcher
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.search.answer import Answer
from PIL import Image

from tests.integration.test_search import ENCODER, picture

pytestmark = pytest.mark.integration
RED, BLUE = picture("red"), picture("blue")


def halves() -> bytes:
    """Red at the left, blue at the right."""
    made, stream = Image.new("RGB", (40, 16), "red"), io.BytesIO()
    made.paste(Image.new("RGB", (20, 16), "blue"), (20, 0))
    made.save(stream, "PNG")
    return stream.getvalue()


HALVES = halves()


def sent(data: bytes) -> str:
    return base64.b64encode(data).decode()


#: What is asked, and the same as the library's own values.
SEARCHES: list[tuple[dict[str, Any], Query, dict[str, Any], Page]] = [
    ({"text": "red boat"}, Query("red boat"), {}, Page(50)),
    ({"text": "blue boats", "kind": "caption", "size": 5}, Query("blue boats", kind="caption"), {}, Page(5)),
    (
        {"text": "green", "kind": "vector", "start": 10, "size": 7},
        Query("green", kind="vector"),
        {},
        Page(7, 10),
    ),
    (
        {"pictures": [{"data": sent(RED), "weight": 2}, {"data": sent(BLUE)}], "text": "car", "text_weight": 0.3},
        Query("car", pictures=(QueryPicture(RED, 2.0), QueryPicture(BLUE)), text_weight=0.3),
        {},
        Page(50),
    ),
    (
        {"pictures": [{"data": sent(HALVES), "crop": [0.5, 0, 0.5, 1]}], "text": "car", "text_weight": 0.1},
        Query("car", pictures=(QueryPicture(HALVES, crop=Crop(20, 0, 20, 16)),), text_weight=0.1),
        {},
        Page(50),
    ),
    (
        {"like": [{"id": "d3", "weight": 2}], "unlike": [{"id": "d4"}], "not": ["boat"], "not_weight": 0.2},
        Query(like=(("d3", 2.0),), unlike=(("d4", 1.0),), unwanted=("boat",), not_weight=0.2),
        {},
        Page(50),
    ),
    (
        {"text": "red", "texts": [{"text": "house", "weight": 2}], "match": "all", "exact": True},
        Query("red", texts=(("house", 2.0),), match="all", exact=True),
        {},
        Page(50),
    ),
    (
        {"text": "red", "like": [{"id": "d1"}], "split": True},
        Query("red", like=(("d1", 1.0),), split=True),
        {},
        Page(50),
    ),
    (
        {"text": "red car", "fusion": {"technique": "rrf"}, "facets": ["colour"], "filters": ["weight<100"]},
        Query("red car", filters=("weight<100",)),
        {"technique": "rrf"},
        Page(50, facets=("colour",)),
    ),
    (
        {"text": "red car", "fusion": {"weight": 0.2, "mean": "harmonic", "depth": 60, "complete": True}},
        Query("red car"),
        {"weight": 0.2, "mean": "harmonic", "depth": 60, "complete": True},
        Page(50),
    ),
    (
        {"text": "red car", "sort": "weight:desc", "group": "duplicates", "min_cosine": 0.5},
        Query("red car"),
        {},
        Page(50, sort="weight:desc", group_duplicates=True, min_cosine=0.5),
    ),
    ({"text": "red car", "group": "near"}, Query("red car"), {}, Page(50, group_near=True)),
]


@pytest.mark.parametrize(("asked", "query", "fusion", "page"), SEARCHES)
def test_the_api_answers_what_the_library_finds(
    web: httpx.Client, searcher: Searcher, asked: dict[str, Any], query: Query, fusion: dict[str, Any], page: Page
) -> None:
    answer = web.post("search", json={**asked, "explain": True})
    assert answer.status_code == 200, answer.text
    found = searcher.search(query, searcher.default_fusion(query, page).changed(**fusion), page)
    assert found.hits
    assert_same(answer.json(), found)


def assert_same(body: dict[str, Any], found: Answer) -> None:
    assert [hit["id"] for hit in body["hits"]] == [hit.id for hit in found.hits]
    for number, (hit, own) in enumerate(zip(body["hits"], found.hits, strict=True), found.page.start + 1):
        assert (hit["rank"], hit["score"], hit["raw"], hit["shares"]) == (number, own.score, own.raw, own.shares)
        assert (hit["cosine"], hit["relevant"], hit["uri"]) == (own.cosine, own.relevant, own.uri)
        assert (hit["caption"], [tuple(mark) for mark in hit["marks"]]) == (own.caption, list(own.marks))
        assert (hit["width"], hit["height"], hit["metadata"]) == (own.width, own.height, own.metadata)
        assert [term["added"] for term in hit["terms"]] == [term.added for term in found.terms(own)]
    for name in ("index", "documents", "matched", "reachable"):
        assert body[name] == getattr(found, name)
    assert body["facets"] == {
        name: [{"value": value, "count": count} for value, count in values] for name, values in found.facets.items()
    }
    assert (body["kind"], body["complete"]) == (found.query.resolved_kind, found.plan.complete)
    if found.query.fused:
        assert body["fusion"]["union"] == (found.union if found.plan.complete else None)
        assert body["fusion"]["statistics"] == found.statistics
    assert (body["fusion"] or {}).get("weights") == (dict(found.plan.weights) if found.query.fused else None)


def test_uploads_are_searched_by_whether_they_are_named_or_not(web: httpx.Client, searcher: Searcher) -> None:
    files = [("upload", ("a.png", RED)), ("upload", ("b.png", BLUE))]
    named = web.post("search", files=files, data={"query": json.dumps({"pictures": [{"upload": 1, "weight": 3}]})})
    assert named.status_code == 200, named.text
    both = Query(pictures=(QueryPicture(BLUE, 3.0), QueryPicture(RED)))
    assert [hit["id"] for hit in named.json()["hits"]] == [hit.id for hit in searcher.search(both, page=Page(50)).hits]
    alone = web.post("search", files=files[:1])
    assert [hit["id"] for hit in alone.json()["hits"]] == [
        hit.id for hit in searcher.search(Query(picture=RED), page=Page(50)).hits
    ]
    missing = web.post("search", json={"pictures": [{"upload": 0}]})
    assert (missing.status_code, "upload 0 is not among the 0 files" in missing.json()["detail"]) == (422, True)


def test_similar_needs_no_model(web: httpx.Client, searcher: Searcher) -> None:
    body = web.post("similar", json={"id": "d7", "size": 5, "filters": ["colour!=red"], "facets": ["colour"]}).json()
    page = Page(5, facets=("colour",))
    found = searcher.search(Query(like=(("d7", 1.0),), filters=("colour!=red",)), page=page)
    assert [hit["id"] for hit in body["hits"]] == [hit.id for hit in found.hits]
    assert {value["value"] for value in body["facets"]["colour"]} <= {"green", "blue"}


def test_facets_alone(web: httpx.Client) -> None:
    asked = {"text": "red car", "facets": ["colour", "day"], "filters": ["weight>=10"]}
    whole, alone = web.post("search", json=asked).json(), web.post("facets", json=asked).json()
    assert (alone["facets"], alone["matched"]) == (whole["facets"], whole["matched"])
    assert web.post("facets", json={"facets": ["colour"]}).json()["facets"]["colour"][0]["count"] == 234


def test_explain_finds_a_hit_wherever_it_stands(web: httpx.Client, searcher: Searcher) -> None:
    found = searcher.search(Query("red car"), page=Page(200))
    for hit in (found.hits[0], found.hits[199]):
        body = web.post("explain", json={"text": "red car", "id": hit.id, "size": 3}).json()
        assert body["hit"]["rank"] == found.hits.index(hit) + 1
        assert [term["added"] for term in body["hit"]["terms"]] == [term.added for term in found.terms(hit)]
        assert body["written"].endswith(f"= {hit.score:.4f}")
        assert body["words"] == [text for text, matched in hit.pieces() if matched]
    none = web.post("explain", json={"text": "red car", "filters": ["colour=red"], "id": "d1"})
    assert (none.status_code, none.json()["type"]) == (404, "urn:clipseek:problem:no-such-hit")
    assert web.post("explain", json={"id": "d1"}).status_code == 422


def test_one_picture(web: httpx.Client) -> None:
    body = web.get("picture", params={"id": "d6"}).json()
    assert (body["id"], body["caption"], body["score"], body["rank"]) == ("d6", "", None, None)
    assert (body["metadata"]["colour"], body["width"]) == ("red", 16)
    assert web.get("picture", params={"id": "nobody"}).status_code == 404


def test_labels(web: httpx.Client) -> None:
    asked = {"labels": ["red", "blue"], "templates": ["{}"], "ids": ["d0", "d2"], "pictures": [{"data": sent(BLUE)}]}
    body = web.post("classify", json=asked).json()
    assert [(one["id"], one["picture"], one["label"]) for one in body["results"]] == [
        ("d0", None, "red"),
        ("d2", None, "blue"),
        (None, 0, "blue"),
    ]
    assert all(sum(one["probabilities"].values()) == pytest.approx(1) for one in body["results"])
    wrongs: list[dict[str, Any]] = [
        {"labels": ["red", " red"]},
        {"templates": ["none"]},
        {"ids": [], "pictures": []},
        {"ids": ["no"]},
        {"labels": [f"label {number}" for number in range(200)], "templates": ["{}", "a {}", "the {}"]},
    ]
    for wrong in wrongs:
        assert web.post("classify", json={**asked, **wrong}).status_code == 422


def test_vectors(web: httpx.Client, version: Version) -> None:
    where = web.base_url.join("/api/v1/encode")
    body = web.post(where, json={"texts": ["red", "sea"], "pictures": [{"data": sent(RED)}]}).json()
    assert (body["fingerprint"], body["dimension"]) == (version.fingerprint, 4)
    assert body["texts"] == ENCODER.encode_texts(["red", "sea"]).tolist()
    assert body["pictures"] == ENCODER.encode_pictures([ENCODER.load_picture(RED)]).tolist()
    assert web.post(where, json={"texts": ["red"], "fingerprint": version.fingerprint}).status_code == 200
    other = web.post(where, json={"texts": ["red"], "fingerprint": "0" * 64})
    assert (other.status_code, other.json()["type"]) == (409, "urn:clipseek:problem:model-mismatch")


def test_indexes(web: httpx.Client, version: Version) -> None:
    body = web.get(web.base_url.join("/api/v1/indexes")).json()
    (index,) = body["indexes"]
    assert (body["default"], index["name"], index["version"]) == (version.alias, version.alias, version.index)
    assert (index["documents"], index["captions"], index["calibration"], index["heat_map"]) == (700, True, None, False)
    own = {field["name"]: field["kind"] for field in index["fields"] if not field["own"]}
    assert own == {"colour": "keyword", "weight": "number", "day": "date"}
    assert web.get(web.base_url.join("/readyz")).status_code == 200


def test_a_promoted_version_is_seen(
    web: httpx.Client, client: opensearchpy.OpenSearch, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipseek.web.state.VERSION_SECONDS", 0.0)
    other = f"{version.alias}-deadbeef-20300101000000"
    made = client.indices.get(index=version.index)[version.index]
    settings = {"knn": True, "analysis": made["settings"]["index"]["analysis"]}
    client.indices.create(index=other, body={"mappings": made["mappings"], "settings": {"index": settings}})
    here, there = ({"index": name, "alias": version.alias} for name in (version.index, other))
    try:
        client.indices.update_aliases(body={"actions": [{"remove": here}, {"add": there}]})
        body = web.post("search", json={"text": "red"}).json()
        assert (body["index"], body["documents"], body["hits"]) == (other, 0, [])
        assert web.post("search", json={}).json()["hits"] == []
    finally:
        client.indices.update_aliases(body={"actions": [{"remove": there}, {"add": here}]})
        client.indices.delete(index=other)
    assert web.post("search", json={"text": "red"}).json()["index"] == version.index
