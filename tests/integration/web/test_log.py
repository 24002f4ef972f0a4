"""Searches and feedback in the indexes of a real server: what is kept, under which id, for how long, and what is not."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import opensearchpy
import pytest
from clipseek.opensearch.index.version import Version
from clipseek.web.app import create_app
from clipseek.web.log.indexes import LogIndexes
from clipseek.web.mcp.arguments import SearchArguments, SimilarArguments
from clipseek.web.mcp.server import make_server
from clipseek.web.mcp.tools import search_pictures, similar_pictures
from clipseek.web.pictures.service import Pictures
from clipseek.web.settings import Access, Logging, Settings

from tests.integration.test_search import ENCODER
from tests.serving import serving
from tests.unit.web.conftest import picture

pytestmark = pytest.mark.integration

TOKEN = "a-token-of-this-test"
SECRET = "words-of-an-agent/1.0"


@pytest.fixture
def logs(client: opensearchpy.OpenSearch) -> Iterator[LogIndexes]:
    name = f"test-log-{uuid.uuid4().hex[:8]}"
    made = LogIndexes(f"{name}-searches", f"{name}-feedback")
    yield made
    for index in made.kinds.values():
        client.indices.delete(index=index, params={"ignore_unavailable": "true"})


@contextmanager
def logging_service(
    url: str, version: Version, logs: LogIndexes | None, access: Access | None = None
) -> Iterator[httpx.Client]:
    """A client whose addresses begin below the index."""
    log = None if logs is None else Logging(7, logs)
    settings = Settings(url, (version.alias,), access=access or Access(), log=log)
    with serving(create_app(settings, lambda settings, version: ENCODER)) as client:
        client.base_url = client.base_url.join(f"/api/v1/indexes/{version.alias}/")
        yield client


def kept(client: opensearchpy.OpenSearch, index: str) -> dict[str, dict[str, Any]]:
    """All records by their id."""
    client.indices.refresh(index=index)
    hits = client.search(index=index, body={"size": 100, "sort": ["at"]})["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


def kept_when(client: opensearchpy.OpenSearch, index: str, count: int) -> dict[str, dict[str, Any]]:
    """All records, once there are ``count``."""
    until = time.monotonic() + 10
    while True:
        found = kept(client, index) if client.indices.exists(index=index) else {}
        if len(found) >= count:
            return found
        assert time.monotonic() < until, f"{len(found)} records, not {count}"
        time.sleep(0.1)


def found(web: httpx.Client, **asked: Any) -> dict[str, Any]:
    answer = web.post("search", json=asked)
    assert answer.status_code == 200, answer.text
    got: dict[str, Any] = answer.json()
    return got


def test_a_search_and_what_was_done_with_its_hits(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    with logging_service(opensearch_url, version, logs) as web:
        answer = found(web, text="red car", size=5, fusion={"weight": 0.25})
        name, third = answer["search"], answer["hits"][2]["id"]
        for action in ("click", "click", "down", "up"):
            told = web.post("feedback", json={"search": name, "id": third, "action": action})
            assert told.status_code == 202, told.text
            assert told.json() == {"rank": 3, "weight": 3.0 if action == "click" else 1.0}
        (record,) = kept_when(client, logs.searches, 1).values()
        events = kept_when(client, logs.feedback, 2)
    at, spent = datetime.fromisoformat(record.pop("at")), record.pop("ms")
    assert abs(datetime.now(timezone.utc) - at) < timedelta(minutes=1)
    assert 0 < spent["server"] <= spent["total"] + 1
    assert 0 < spent["encode"] <= spent["total"]
    top = record.pop("top_score")
    assert top == pytest.approx(answer["hits"][0]["score"], rel=1e-5)
    assert record == {
        "search": name,
        "index": version.alias,
        "from": "api",
        "kind": "hybrid",
        "words": "red car",
        "pictures": 0,
        "unwanted": 0,
        "filters": 0,
        "sorted": False,
        "weight": 0.25,
        "page": 1,
        "start": 0,
        "hits": 5,
        "shown": [hit["id"] for hit in answer["hits"]],
        "total": answer["matched"],
        "zero": False,
        "no_good_match": False,
    }
    assert sorted(event["action"] for event in events.values()) == ["click", "up"]  # the last thumb counts
    for event in events.values():
        assert (event["search"], event["document"], event["rank"]) == (name, third, 3)
        assert (event["index"], event["kind"], event["words"]) == (version.alias, "hybrid", "red car")


def test_a_thumb_is_taken_back(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    with logging_service(opensearch_url, version, logs) as web:
        answer = found(web, text="car")
        asked = {"search": answer["search"], "id": answer["hits"][0]["id"]}
        for action in ("up", "click", "none"):
            assert web.post("feedback", json={**asked, "action": action}).status_code == 202
    assert [event["action"] for event in kept(client, logs.feedback).values()] == ["click"]


def test_one_query_has_one_id_over_weights_and_pages(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    with logging_service(opensearch_url, version, logs) as web:
        name = found(web, text="car", size=4)["search"]
        dragged = [found(web, text="car", size=4, fusion={"weight": w}, search=name)["search"] for w in (0.1, 0.2, 0.9)]
        further = found(web, text="car", size=4, start=4, fusion={"weight": 0.9}, search=name)
        assert [*dragged, further["search"]] == [name] * 4
        on_page_2 = web.post("feedback", json={"search": name, "id": further["hits"][1]["id"], "action": "click"})
        assert on_page_2.json() == {"rank": 6, "weight": 6.0}
        # The record says what was shown when something was clicked: another ranking of the same words is another search.
        later = found(web, text="car", size=4, fusion={"weight": 0.3}, search=name)["search"]
        other = found(web, text="boat", size=4, search=later)["search"]
        forged = found(web, text="boat", size=4, search="nobody-had-this-id")["search"]
        assert len({name, later, other, forged}) == 4
    records = kept_when(client, logs.searches, 5)
    mine = [record for record in records.values() if record["search"] == name]
    assert sorted((record["page"], record["weight"]) for record in mine) == [(1, 0.9), (2, 0.9)]
    assert {name, f"{name}-4", later, other, forged} == records.keys()


def test_what_is_no_search_or_shall_not_be_logged_leaves_nothing(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    with logging_service(opensearch_url, version, logs) as web:
        assert found(web)["search"] is None  # the index as it is
        assert found(web, text="typed ahe", log=False)["search"] is None
        web.post("facets", json={"text": "car", "facets": []})
        web.post("explain", json={"text": "car", "id": found(web, text="car", log=False)["hits"][0]["id"]})
        assert web.post("search", json={"text": ""}).json()["search"] is None
        last = found(web, text="the only one")["search"]
    assert list(kept(client, logs.searches)) == [last]


def test_nothing_of_a_person_and_nothing_of_a_picture_is_kept(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    sent = picture("red")
    access = Access(token=TOKEN)
    headers = {"authorization": f"Bearer {TOKEN}", "user-agent": SECRET, "x-forwarded-for": "203.0.113.77"}
    with logging_service(opensearch_url, version, logs, access) as web:
        web.headers.update(headers)
        one = found(web, text="by a picture", pictures=[{"data": base64.b64encode(sent).decode()}])
        upload = {"upload": ("holiday-of-anna.png", sent, "image/png")}
        two = web.post("search", data={"query": json.dumps({"not": ["blue"]})}, files=upload).json()
        web.post("feedback", json={"search": one["search"], "id": one["hits"][0]["id"], "action": "click"})
        near = web.post("similar", json={"id": one["hits"][0]["id"]}).json()
    records = kept(client, logs.searches)
    assert records.keys() == {one["search"], two["search"], near["search"]}
    assert [records[answer["search"]]["pictures"] for answer in (one, two, near)] == [1, 1, 1]
    assert records[two["search"]]["unwanted"] == 1
    for name in logs.kinds.values():
        everything = json.dumps(client.search(index=name, body={"size": 100})).lower()
        for private in (
            SECRET,
            "203.0.113.77",
            "127.0.0.1",
            TOKEN,
            "anna",
            "blue",
            base64.b64encode(sent).decode()[:40],
        ):
            assert private.lower() not in everything
        mappings = client.indices.get_mapping(index=name)[name]["mappings"]["properties"]
        for record in kept(client, name).values():
            assert record.keys() <= mappings.keys()


def test_feedback_wants_the_token_and_a_hit_that_was_shown(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    with logging_service(opensearch_url, version, logs, Access(token=TOKEN)) as web:
        bearer = {"authorization": f"Bearer {TOKEN}"}
        one = web.post("search", json={"text": "car", "size": 3}, headers=bearer).json()
        asked = {"search": one["search"], "id": one["hits"][0]["id"], "action": "up"}
        assert web.post("feedback", json=asked).status_code == 401
        assert web.post("feedback", json=asked, headers={"authorization": "Bearer other"}).status_code == 401
        foreign = {**bearer, "origin": "https://elsewhere.example"}
        assert web.post("feedback", json=asked, headers=foreign).status_code == 403
        for wrong in ({"search": "f" * 32}, {"id": "no-hit-of-it"}):
            refused = web.post("feedback", json={**asked, **wrong}, headers=bearer)
            assert (refused.status_code, refused.json()["type"][-11:]) == (404, "no-such-hit")
        assert web.post("feedback", json={**asked, "action": "love"}, headers=bearer).status_code == 422
        assert web.post("feedback", json=asked, headers=bearer).status_code == 202


def test_feedback_on_a_search_of_before_a_restart(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    with logging_service(opensearch_url, version, logs) as web:
        one = found(web, text="car", size=3)
        two = found(web, text="car", size=3, start=3, search=one["search"])
    client.indices.refresh(index=logs.searches)
    with logging_service(opensearch_url, version, logs) as web:
        asked = {"search": one["search"], "id": two["hits"][1]["id"], "action": "click"}
        assert web.post("feedback", json=asked).json() == {"rank": 5, "weight": 5.0}
    (event,) = kept(client, logs.feedback).values()
    assert (event["words"], event["rank"], event["kind"]) == ("car", 5, "hybrid")


def test_an_index_that_takes_no_records_costs_no_search_anything(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes, caplog: Any
) -> None:
    with logging_service(opensearch_url, version, logs) as web:
        found(web, text="before")
        kept_when(client, logs.searches, 1)
        client.indices.put_settings(index=logs.searches, body={"index.blocks.write": True})
        for number in range(5):
            assert len(found(web, text=f"car {number}")["hits"]) > 0
        until, dropped = time.monotonic() + 10, 'clipseek_log_records_total{log="searches",outcome="dropped"} 5.0'
        while dropped not in (metrics := web.get(web.base_url.join("/metrics")).text):
            assert time.monotonic() < until, metrics
            time.sleep(0.1)
        client.indices.put_settings(index=logs.searches, body={"index.blocks.write": False})
        found(web, text="after")
        kept_when(client, logs.searches, 2)
    said = [entry.getMessage() for entry in caplog.records if entry.name == "clipseek.web"]
    assert len(said) == 2
    assert "not logged until this is mended" in said[0]
    assert "5 records were dropped" in said[1]


def test_an_agents_searches_are_logged_as_its_own(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    settings = Settings(opensearch_url, (version.alias,), log=Logging(7, logs))
    server, state = make_server(settings, lambda settings, version: ENCODER)
    assert "logged for 7 days" in str(server.instructions)
    state.start()
    pictures = Pictures(state, settings)
    search_pictures(state, pictures, SearchArguments(text="car"))
    similar_pictures(state, pictures, SimilarArguments(id="d0"))
    state.close()
    records = sorted(kept(client, logs.searches).values(), key=lambda record: record["words"])
    assert [(record["from"], record["words"], record["pictures"]) for record in records] == [
        ("mcp", "", 1),
        ("mcp", "car", 0),
    ]


def test_off_nothing_is_written_and_feedback_is_refused(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version
) -> None:
    with logging_service(opensearch_url, version, None) as web:
        answer = found(web, text="car")
        assert answer["search"] is None
        refused = web.post("feedback", json={"search": "x", "id": answer["hits"][0]["id"], "action": "up"})
        assert refused.status_code == 404
        assert "--log-searches" in refused.json()["next"]
        assert web.get(web.base_url.join("/api/v1/indexes")).json()["logging"] is None


def test_what_is_older_than_its_days_is_deleted_at_the_start(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    logs.opened(client)
    for name in logs.kinds.values():
        for days in (0, 6, 8, 100):
            at = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat()
            client.index(index=name, body={"at": at, "index": version.alias, "words": f"{days} days"}, refresh=True)
    with logging_service(opensearch_url, version, logs) as web:
        assert web.get(web.base_url.join("/api/v1/indexes")).json()["logging"] == {"days": 7}
        until = time.monotonic() + 10
        while time.monotonic() < until and any(len(kept(client, name)) > 2 for name in logs.kinds.values()):
            time.sleep(0.1)
    for name in logs.kinds.values():
        assert sorted(record["words"] for record in kept(client, name).values()) == ["0 days", "6 days"]


def test_an_index_that_is_deleted_under_way_is_made_with_its_mapping_again(
    client: opensearchpy.OpenSearch, opensearch_url: str, version: Version, logs: LogIndexes
) -> None:
    with logging_service(opensearch_url, version, logs) as web:
        found(web, text="car")
        kept_when(client, logs.searches, 1)
        client.indices.delete(index=logs.searches)
        found(web, text="boat")
        kept_when(client, logs.searches, 1)
    mappings = client.indices.get_mapping(index=logs.searches)[logs.searches]["mappings"]
    assert mappings["dynamic"] == "false"
    assert mappings["properties"]["words"]["type"] == "text"
