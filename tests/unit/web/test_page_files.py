"""The page's files over HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from clipseek.web.page_files import PageFiles
from fastapi import FastAPI

from tests.serving import serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page" / "state").mkdir(parents=True)
    (tmp_path / "page" / "app.js").write_text("start();" * 50)
    (tmp_path / "page" / "state" / "state.js").write_text("state")
    (tmp_path / "page" / "notes.txt").write_text("not of the page")
    (tmp_path / "secret.js").write_text("secret")
    return tmp_path / "page"


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    app = FastAPI()
    app.mount("/static", PageFiles(folder))
    with serving(app) as made:
        yield made


def test_a_file_is_sent_packed_once_and_kept(client: httpx.Client) -> None:
    first = client.get("/static/app.js")
    assert (first.status_code, first.text) == (200, "start();" * 50)
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert first.headers["content-encoding"] == "gzip"
    assert int(first.headers["content-length"]) < 100
    again = client.get("/static/app.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get("/static/app.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == first.text
    assert client.get("/static/state/state.js").text == "state"
    assert client.head("/static/app.js").status_code == 200


def test_a_changed_file_is_read_again(client: httpx.Client, folder: Path) -> None:
    tag = client.get("/static/app.js").headers["etag"]
    (folder / "app.js").write_text("changed")
    os.utime(folder / "app.js", ns=(1, 1))
    answer = client.get("/static/app.js", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.text) == (200, "changed")


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "",
        "state",
        "../secret.js",
        "%2e%2e/secret.js",
        "..%2fsecret.js",
        "/etc/passwd",
        "state/../app.js%00",
    ],
)
def test_nothing_else_is_served(client: httpx.Client, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_only_reading(client: httpx.Client) -> None:
    assert client.post("/static/app.js").status_code == 405
