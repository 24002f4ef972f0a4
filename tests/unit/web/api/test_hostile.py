"""Requests that nobody sends by accident: each is refused in one line, and the service goes on."""

from __future__ import annotations

import json

import httpx
import pytest

SEARCH = "/api/v1/indexes/pictures/search"
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no object": b"[]",
    "null": b"null",
    "a brace": b"{",
    "not UTF-8": b'{"text": "\xff"}',
    "a lone surrogate": rb'{"text": "\ud800"}',
    "NaN": b'{"min_cosine": NaN}',
    "infinity": b'{"not_weight": Infinity}',
    "a number that is infinite": b'{"text": "a", "min_cosine": 1e999}',
    "a number of 5,000 digits": b'{"size": ' + b"9" * 5000 + b"}",
    "a huge start": b'{"text": "a", "start": 99999999999}',
    "a page beyond the last that can be reached": b'{"text": "a", "start": 9999, "size": 2}',
    "no size": b'{"text": "a", "size": 0}',
    "deep": b'{"text":' * 50_000,
    "a deep list": b'{"filters":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "10,000 filters": json.dumps({"text": "a", "filters": ["width>1"] * 10_000}).encode(),
    "a filter of 20,000 characters": json.dumps({"filters": ["a" * 20_000]}).encode(),
    "10,000 pictures": json.dumps({"pictures": [{"upload": 0}] * 10_000}).encode(),
    "no base64": b'{"pictures": [{"data": "!"}]}',
    "base64 of no picture": b'{"pictures": [{"data": "AAAA"}]}',
    "an empty picture": b'{"pictures": [{"data": ""}]}',
    "a picture twice": b'{"pictures": [{"data": "AAAA", "upload": 0}]}',
    "a weight of nothing": b'{"like": [{"id": "a", "weight": 0}]}',
    "a number in a string": b'{"text": "a", "size": "3"}',
    "an unknown field": b'{"text": "a", "colour": "red"}',
    "an unknown field inside": b'{"text": "a", "fusion": {"weights": [1, 2]}}',
    "a field by its Python name": b'{"not_": ["a"]}',
    "parts that cancel out": b'{"text": "red", "not": ["red"], "not_weight": 1, "kind": "vector"}',
    "a field that is not there": b'{"sort": "__proto__"}',
    "an id of a surrogate": rb'{"like": [{"id": "\udfff"}]}',
    "no time zone": b'{"text": "a", "time_zone": "Mars/Olympus"}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_refused_in_one_line(client: httpx.Client, name: str) -> None:
    answer = client.post(SEARCH, content=BODIES[name])
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text[:300]
    assert problem["status"] == 422
    assert problem["detail"].count("\n") == 0
    assert 0 < len(problem["detail"]) <= 1000
    assert problem["next"]
    assert client.post(SEARCH, json={"text": "red"}).status_code == 200


@pytest.mark.parametrize(
    "text", ["\0", "a\0b", "\ue000\ue001", "\u202e", "<script>", "a" * 100_000, "🦊" * 2000, "*:*"]
)
def test_odd_words_are_searched_for_or_left_out(client: httpx.Client, text: str) -> None:
    assert client.post(SEARCH, json={"text": text}).status_code in (200, 422)
    assert client.post(SEARCH, json={"text": f"red {text}"[:100_000], "kind": "vector"}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/x-www-form-urlencoded", b"text=red", 415),
        ("application/json; charset=utf-16", '{"text": "red"}'.encode("utf-16"), 422),
        ("multipart/form-data", b"--x\r\n", 400),
        ("multipart/form-data; boundary=x", b"", 422),
        ("multipart/form-data; boundary=x", b"--y", 400),
        (
            "multipart/form-data; boundary=x; charset=klingon",
            b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\nb\r\n--x--",
            422,
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\ncontent-disposition: form-data; name=query\r\n\r\n{\r\n--x--\r\n",
            422,
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\ncontent-disposition: form-data; name=other\r\n\r\n1\r\n--x--\r\n",
            422,
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\ncontent-disposition: form-data; name=upload\r\n\r\n1\r\n--x--\r\n",
            422,
        ),
    ],
)
def test_a_body_of_another_kind(client: httpx.Client, kind: str, body: bytes, status: int) -> None:
    answer = client.post(SEARCH, content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text


def test_more_files_than_a_query_may_have(client: httpx.Client) -> None:
    answer = client.post(SEARCH, files=[("upload", ("a.png", b"x"))] * 200)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("index", ["nobody", "%00", "..", "*", "a,b", "_all", "-x", "pictures%2F_search", "ü" * 300])
def test_only_the_indexes_that_are_named_are_there(client: httpx.Client, index: str) -> None:
    answer = client.post(f"/api/v1/indexes/{index}/search", json={"text": "red"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("name", ["", "%00", "%ff", "a" * 1025, "%ed%a0%80"])
def test_an_id_of_no_picture(client: httpx.Client, name: str) -> None:
    assert client.get(f"/api/v1/indexes/pictures/picture?id={name}").status_code in (404, 422)


def test_another_method_is_told_which_are_right(client: httpx.Client) -> None:
    answer = client.put(SEARCH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["next"] == "send POST"
