"""The commands against a fake OpenSearch and a stand-in of Dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from clipseek.cli.main import root
from clipseek.opensearch.server.templates import fill
from clipseek.testing.server import FakeServer

from tests.dashboards import FakeDashboards, fake_dashboards


@pytest.fixture
def dashboards() -> Iterator[FakeDashboards]:
    with fake_dashboards() as fake:
        yield fake


def clipseek(*words: object) -> Result:
    return CliRunner().invoke(root, [str(word) for word in ("dashboards", *words)])


def test_install_prints_the_boards_and_replaces_nothing_unasked(dashboards: FakeDashboards) -> None:
    done = clipseek("install", "--url", dashboards.url, "--tenant", "team")
    assert done.exit_code == 0, done.output
    board = f"{dashboards.url}/app/dashboards#/view/clipseek-searches"
    assert board in done.stdout
    assert {tenant for tenant, _, _ in dashboards.objects} == {"team"}
    again = clipseek("install", "--url", dashboards.url, "--tenant", "team")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "--overwrite replaces them" in again.stderr
    assert clipseek("install", "--url", dashboards.url, "--tenant", "team", "--overwrite").exit_code == 0


def test_a_file_is_written_and_nothing_sent(tmp_path: Path) -> None:
    file = tmp_path / "boards.ndjson"
    done = clipseek("install", "--url", "http://127.0.0.1:9", "--output", file)
    assert done.exit_code == 0, done.output
    kinds = [json.loads(line)["type"] for line in file.read_text("utf-8").splitlines()]
    assert kinds.count("dashboard") == 2


def test_pictures_want_an_index_and_a_service_that_signs(server: FakeServer) -> None:
    assert clipseek("install", "--pictures", "http://127.0.0.1:9").exit_code == 2
    mapping: Any = {"_meta": {"fingerprint": "f" * 64, "dimension": 4}, "properties": {}}
    server.indexes["icons-ffffffff-20260101000000"] = {"aliases": {"icons": {}}, "mappings": mapping}
    done = clipseek(
        "install", "--index", "icons", "--opensearch", server.url, "--pictures", "http://127.0.0.1:9", "--output", "x"
    )
    assert done.exit_code == 1
    assert "no clipseek serve at http://127.0.0.1:9" in done.stderr


def test_several_indexes_are_asked_for_through_one_client(server: FakeServer, tmp_path: Path) -> None:
    mapping: Any = {"_meta": {"fingerprint": "f" * 64, "dimension": 4}, "properties": {}}
    for alias in ("icons", "scans"):
        server.indexes[f"{alias}-ffffffff-20260101000000"] = {"aliases": {alias: {}}, "mappings": mapping}
    named = ("--index", "icons", "--index", "scans", "--opensearch", server.url)
    done = clipseek("install", *named, "--output", tmp_path / "boards.ndjson")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("server: ") == 1


def test_check_names_each_missing_field_and_index(server: FakeServer) -> None:
    for name in ("ingests", "searches"):
        server.indexes[f"clipseek-{name}"] = fill(f"{name}.json")
    del server.indexes["clipseek-ingests"]["mappings"]["properties"]["rate"]
    # The fake keeps records apart; here their mappings are asked for.
    asked = [(200, {name: server.indexes[name]}) for name in ("clipseek-searches", "clipseek-ingests")]
    by_path = {f"/{next(iter(body))}/_mapping": (status, body) for status, body in asked}
    gone = (404, {"error": {"type": "index_not_found_exception", "reason": "no such index"}, "status": 404})

    def answer(method: str, path: str, body: bytes) -> Any:
        return by_path.get(path, gone) if path.endswith("/_mapping") else None

    server.interceptors += [answer] * 3
    done = clipseek("check", "--opensearch", server.url)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert any(line.startswith("missing: field rate of index clipseek-ingests, used by") for line in lines)
    assert any(line.startswith("missing: index clipseek-feedback, used by") for line in lines)
    assert len(lines) == 2
    assert "clipseek serve" in done.stderr
