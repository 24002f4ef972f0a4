"""Probes, and a server that goes and comes back."""

from __future__ import annotations

import httpx
import pytest
from clipseek.testing import ColourEncoder, FakeServer
from clipseek.web.app import create_app
from clipseek.web.settings import Settings

from tests.serving import serving

SEARCH = "/api/v1/indexes/pictures/search"


def fail(server: FakeServer, status: int) -> None:
    """The next request is answered so, and once more, for the client tries again."""

    def answer(method: str, path: str, body: bytes) -> tuple[int, object]:
        return status, {}

    server.interceptors.extend([answer] * 2)


def test_a_server_that_goes_is_said_and_one_that_comes_back_is_searched(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipseek.web.state.VERSION_SECONDS", 0.0)
    app = create_app(Settings(server.url, ("pictures",)), lambda settings, version: ColourEncoder())
    with serving(app) as client:
        assert client.post(SEARCH, json={"text": "red"}).status_code == 200
        for status, kind in ((0, "server-away"), (429, "server-busy"), (500, "server-busy"), (401, "server-away")):
            fail(server, status)
            answer = client.post(SEARCH, json={"text": "red"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), status
            assert answer.json()["type"] == f"urn:clipseek:problem:{kind}"
            assert server.url not in answer.text
            server.interceptors.clear()
            assert client.post(SEARCH, json={"text": "red"}).json()["hits"]


def test_probes(client: httpx.Client, server: FakeServer) -> None:
    for method in ("GET", "HEAD"):
        assert client.request(method, "/healthz").status_code == 200
    fail(server, 0)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.headers["retry-after"]) == (503, 503, "2")
    assert client.get("/healthz").status_code == 200
    server.interceptors.clear()


def test_an_index_that_is_not_there_yet_is_missing_and_not_ready(server: FakeServer) -> None:
    app = create_app(Settings(server.url, ("later",)), lambda settings, version: ColourEncoder())
    with serving(app) as client:
        body = client.get("/api/v1/indexes").json()
        assert (body["default"], body["indexes"], body["missing"][0]["name"]) == ("later", [], "later")
        assert "clipseek ingest" in body["missing"][0]["detail"]
        ready = client.get("/readyz")
        assert (ready.status_code, "127.0.0.1" in ready.text) == (503, False)
        search = client.post("/api/v1/indexes/later/search", json={"text": "red"})
        assert (search.status_code, search.json()["type"]) == (404, "urn:clipseek:problem:index-missing")
