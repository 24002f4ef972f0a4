"""The requests of docs/guide/api.md, as they stand there."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from clipseek.web.app import create_app
from clipseek.web.settings import Access, Settings
from PIL import Image

from tests.integration.test_search import ENCODER, picture
from tests.serving import serving

pytestmark = pytest.mark.integration
GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guide" / "api.md"
TOKEN = "a-token-of-this-test"
COMMANDS = [
    block.replace("\\\n", " ")
    for block in re.findall(r"^```\w*\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    if block.startswith("curl")
]


@pytest.fixture(scope="module")
def served(
    opensearch_url: str, client: opensearchpy.OpenSearch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """An application whose index is called as in the guide, with the guide's column."""
    folder: Path = tmp_path_factory.mktemp("guide")
    for name in ("red", "blue"):
        (folder / f"{name}.png").write_bytes(picture(name))
        (folder / f"{name}.txt").write_text(f"a {name} bicycle")
    alias = f"test-guide-{folder.stat().st_ino}"
    ingest(client, alias, ENCODER, read_source(folder), index_options=IndexOptions(fields={"set": "keyword"}))
    try:
        settings = Settings(opensearch_url, (alias,), access=Access(token=TOKEN))
        with serving(create_app(settings, lambda settings, version: ENCODER)) as app:
            app.headers["x-index"] = alias
            yield app
    finally:
        client.indices.delete(index=versions.current(client, alias).index)


def photo() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(buffer, "JPEG")
    return buffer.getvalue()


def asked(served: httpx.Client, command: str) -> httpx.Response:
    """What ``curl`` of the command sends."""
    address, headers, body, form, files = "", {}, None, dict[str, str](), list[Any]()
    words = iter(shlex.split(command.replace("$(cat token)", TOKEN).splitlines()[0])[1:])
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word == "-o":
            next(words)
        elif word == "-F":
            name, _, value = next(words).partition("=")
            if value.startswith("@"):
                files.append((name, (value[1:], photo())))
            else:
                form[name] = value
        else:
            address = word
    path = re.sub("http://127.0.0.1:8642", "", address).replace("/icons/", f"/{served.headers['x-index']}/")
    method = "GET" if body is None and not files else "POST"
    return served.request(method, path, headers=headers, content=body, data=form or None, files=files or None)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_request_of_the_guide_is_answered(served: httpx.Client, command: str) -> None:
    answer = asked(served, command)
    assert answer.status_code == 200, answer.text
    assert asked(served, command.replace("$(cat token)", "another")).status_code == 401


def test_the_guide_shows_the_three_kinds(served: httpx.Client) -> None:
    words, by_picture, vectors, description = (asked(served, command).json() for command in COMMANDS)
    assert (words["kind"], list(words["facets"])) == ("hybrid", ["set"])
    assert by_picture["hits"][0]["caption"] == "a red bicycle"
    assert [len(vector) for vector in vectors["texts"]] == [ENCODER.dimension] * 2
    assert description["openapi"] == "3.1.0"
    named = set(re.findall(r"(?:GET|POST) (?:…|/api/v1)?(/[\w/{}]+)", GUIDE.read_text("utf-8")))
    paths = {path.removeprefix("/api/v1") for path in description["paths"]}
    assert paths - named == set()
    assert json.loads(re.findall(r"```json\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[0])["status"] == 422
