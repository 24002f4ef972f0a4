"""Ids by their first digits: what is asked of the server, and what is refused."""

from __future__ import annotations

import json

import opensearchpy
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.whole_ids import short_id, with_whole_ids
from clipseek.testing.server import FakeServer

VERSION = Version("i-1", "i", "ab" * 32, 2, 1)
HASH, OTHER = "0123456789ab" + "c" * 52, "0123456789ab" + "d" * 52


def answers(server: FakeServer, *ids: list[str]) -> list[bytes]:
    """The server will answer one search each with these ids; returns what it was sent."""
    sent: list[bytes] = []

    def answer(method: str, path: str, body: bytes) -> tuple[int, object] | None:
        if not path.endswith("_msearch"):
            return None
        sent.append(body)
        return 200, {"responses": [{"status": 200, "hits": {"hits": [{"_id": name} for name in each]}} for each in ids]}

    server.interceptors.append(answer)
    return sent


def test_a_hash_is_shown_by_its_first_twelve_digits() -> None:
    assert short_id(HASH) == "0123456789ab"
    for name in ("cat-7", "a" * 63, "A" * 64, "g" * 64, "a" * 65):
        assert short_id(name) == name


def test_first_digits_become_the_whole_id(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    sent = answers(server, [HASH], [OTHER])
    query = Query(like=(("0123", 2.0), ("cat-7", 1.0)), unlike=(("4567", 1.0),))
    whole = with_whole_ids(client, VERSION, query)
    assert (whole.like, whole.unlike) == (((HASH, 2.0), ("cat-7", 1.0)), ((OTHER, 1.0),))
    bodies = [json.loads(line) for line in sent[0].splitlines()][1::2]
    assert [body["query"]["bool"]["should"][1]["constant_score"]["filter"] for body in bodies] == [
        {"regexp": {"image_id": "0123[0-9a-f]{60}"}},
        {"regexp": {"image_id": "4567[0-9a-f]{60}"}},
    ]


def test_other_ids_cost_no_request(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    server.log.clear()
    query = Query(like=tuple((name, 1.0) for name in ("abc", "abcg", "ABCD", "a" * 64, "a" * 65, "cat-7", HASH)))
    assert with_whole_ids(client, VERSION, query) is query
    assert server.log == []


def test_an_id_that_is_there_is_itself(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    answers(server, ["cafe", "cafe" + "0" * 60])
    query = Query(like=(("cafe", 1.0),))
    assert with_whole_ids(client, VERSION, query) == query


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        ([], "no picture '0123' in index i"),
        (
            [HASH, "0123" + "e" * 60],
            r"several pictures in index i have an id that begins with 0123 \(0123456789ab, 0123eeeeeeee",
        ),
    ],
)
def test_first_digits_of_none_or_several_are_refused(
    server: FakeServer, client: opensearchpy.OpenSearch, ids: list[str], reason: str
) -> None:
    answers(server, ids)
    with pytest.raises(InvalidOption, match=reason) as caught:
        with_whole_ids(client, VERSION, Query(unlike=(("0123", 1.0),), text="red"))
    assert "\n" not in str(caught.value)
