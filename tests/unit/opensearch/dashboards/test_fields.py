from __future__ import annotations

from typing import Any

from clipseek.opensearch.dashboards.fields import Missing, Used, missing_fields, used_fields
from clipseek.opensearch.dashboards.panels import Request, rows
from clipseek.opensearch.dashboards.saved_objects import Boards, Corpus
from clipseek.opensearch.server.client import connect
from clipseek.opensearch.server.templates import fill
from clipseek.testing.server import FakeServer


def mapping(*indexes: str) -> dict[str, Any]:
    return {name: {"mappings": fill(f"{name.removeprefix('clipseek-')}.json")["mappings"]} for name in indexes}


def test_fields_of_patterns_tables_and_panels_are_found() -> None:
    used = used_fields(Boards((Corpus("icons", ("set",), "http://serve?id={id}"),)).objects())
    for each in (
        Used("clipseek-searches", "at", "Searches by kind"),
        Used("clipseek-searches", "kind", "Searches by kind"),
        Used("clipseek-searches", "zero", "Words without a hit"),
        Used("clipseek-searches", "words.keyword", "Words without a hit"),
        Used("clipseek-searches", "ms.encode", "Time of a search by stage"),
        Used("clipseek-ingests", "reasons", "Why entries were left out"),
        Used("clipseek-ingests", "reasons.count", "Why entries were left out"),
        Used("clipseek-ingests", "rate", "Rate of ingest"),
        Used("clipseek-ingests", "state", "Latest ingest runs"),
        Used("clipseek-feedback", "document", "clipseek-feedback"),
        Used("icons", "metadata.set", "icons: pictures by set"),
        Used("icons", "caption", "icons: pictures"),
        Used("icons", "ingested_at", "icons"),
    ):
        assert each in used


def test_what_the_mappings_of_the_records_lack_is_named(server: FakeServer) -> None:
    names = ("clipseek-ingests", "clipseek-searches", "clipseek-feedback")
    client = connect(server.url, environ={})
    boards = Boards().objects()

    def answer(method: str, path: str, body: bytes) -> Any:
        return 200, mapping(path.split("/")[1])

    server.interceptors += [answer] * len(names)
    assert missing_fields(client, used_fields(boards)) == []


def test_a_field_and_an_index_that_are_missing(server: FakeServer) -> None:
    client = connect(server.url, environ={})
    server.indexes["there"] = {"mappings": {"properties": {"a": {"properties": {"b": {"type": "long"}}}}}}
    used = [Used("there", "a.b", "x"), Used("there", "a.c", "x"), Used("there", "a.c", "y"), Used("gone", "a", "z")]
    assert missing_fields(client, used) == [Missing("there", "a.c", ("x", "y")), Missing("gone", None, ("z",))]


def test_the_time_of_the_board_and_the_rows_of_an_answer() -> None:
    request = Request("i", {"size": 0}, "at")
    assert request.within("now-7d") == {"size": 0, "query": {"range": {"at": {"gte": "now-7d", "lte": "now"}}}}
    assert Request("i", {"size": 0}).within("now-7d") == {"size": 0}
    assert rows({"format": {"property": "a.b"}}, {"a": {"b": [1, 2]}}) == [1, 2]
    assert rows({"format": {"property": ""}}, {"a": 1}) == [{"a": 1}]
