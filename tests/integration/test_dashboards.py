"""What boards ask, on a real OpenSearch; and the commands. Dashboards itself is a stand-in (tests/dashboards.py)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch.dashboards.fields import missing_fields, used_fields
from clipseek.opensearch.dashboards.panels import data_of, requests, rows, vega_spec
from clipseek.opensearch.dashboards.saved_objects import Boards, Corpus, SavedObject
from clipseek.opensearch.index.inventory import delete_index
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.own_records import RECORDS
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.server.templates import fill
from clipseek.sources import Record
from clipseek.testing.encoder import ColourEncoder
from clipseek.web.app import create_app
from clipseek.web.settings import Access, Settings
from PIL import Image

from tests.command import run_command
from tests.dashboards import fake_dashboards
from tests.records import write
from tests.serving import serving

pytestmark = pytest.mark.integration
ALIAS = f"test-boards-{uuid.uuid4().hex[:8]}"
#: Records of these tests alone, under the mappings of clipseek's own.
NAMES = {name: f"{ALIAS}-{name}" for name in sorted(RECORDS)}


@pytest.fixture(scope="module")
def folder(client: opensearchpy.OpenSearch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of the pictures of an index; there are records of a hundred searches and twenty runs, too."""
    place = tmp_path_factory.mktemp("pictures")
    records = []
    for number in range(6):
        path = place / f"{number}.png"
        Image.new("RGB", (40, 30), (40 * number, 9, 90)).save(path)
        records.append(Record(f"a/{number}?", path, ("a colour",), metadata={"set": f"s{number % 2}"}))
    ingest(client, ALIAS, ColourEncoder(), records, index_options=IndexOptions(fields={"set": "keyword"}))
    for name, own in NAMES.items():
        client.indices.create(index=own, body=fill(f"{name.removeprefix('clipseek-')}.json"))
    write(client, NAMES)
    yield place
    delete_index(client, ALIAS)
    client.indices.delete(index=",".join(NAMES.values()))


def objects() -> list[SavedObject]:
    text = json.dumps(Boards((Corpus(ALIAS, ("set",), "http://x/{id}"),)).objects())
    for name, own in NAMES.items():
        text = text.replace(name, own)
    made: list[SavedObject] = json.loads(text)
    return made


def buckets(node: dict[str, Any]) -> Iterator[list[Any]]:
    """The outermost lists of buckets in aggregations."""
    for name, value in node.items():
        if name == "buckets":
            yield value
        elif isinstance(value, dict):
            yield from buckets(value)


PANELS = [each for each in objects() if each["type"] == "visualization"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["id"].removeprefix("clipseek-panel-"))
def test_a_panels_search_is_answered_with_rows(
    client: opensearchpy.OpenSearch, folder: Path, panel: dict[str, Any]
) -> None:
    spec = vega_spec(panel)
    (data,), (request,) = list(data_of(spec)), list(requests(spec))
    answer = client.search(index=request.index, body=request.within("now-7d"))
    assert rows(data, answer)
    counted = list(buckets(answer.get("aggregations", {})))
    assert all(counted), counted
    assert answer["hits"]["hits"] or "aggs" in request.body


def test_every_field_that_boards_use_is_mapped(client: opensearchpy.OpenSearch, folder: Path) -> None:
    used = used_fields(objects())
    assert len(used) > 60
    assert missing_fields(client, used) == []


def test_install_by_the_command_shows_pictures_by_links_that_serve_signed(
    client: opensearchpy.OpenSearch, folder: Path, opensearch_url: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-twenty-letters")
    access = Access(token=token.read_text(), key=b"k" * 32, embed_from="http://dashboards.example")
    settings = Settings(opensearch_url, (ALIAS,), access=access, roots=(folder,))
    app = create_app(settings, lambda settings, version: ColourEncoder())
    with serving(app) as service, fake_dashboards() as dashboards:
        address = str(service.base_url).rstrip("/")
        there = ("--opensearch", opensearch_url, "--index", ALIAS)
        given = ("dashboards", "install", "--url", dashboards.url, *there, "--pictures", address)
        refused = run_command(*given)
        assert refused.returncode == 1
        assert "--token-file" in refused.stderr
        done = run_command(*given, "--token-file", token)
        assert done.returncode == 0, done.stderr
        assert "/app/dashboards#/view/clipseek-searches" in done.stdout
        pattern = dashboards.objects[(None, "index-pattern", f"clipseek-pattern-{ALIAS}")]
        template = json.loads(pattern["attributes"]["fieldFormatMap"])["image_id"]["params"]["urlTemplate"]
        link = template.replace("{{value}}", "a%2F3%3F")
        assert link.startswith(f"{address}/thumbnails/{ALIAS}?id=a%2F3%3F&")
        shown = service.get(link, headers={"referer": "http://dashboards.example/"})
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
        assert service.get(link, headers={"referer": "http://other.example/"}).status_code == 401
        again = run_command(*given, "--token-file", token)
        assert again.returncode == 1
        assert "--overwrite" in again.stderr
        assert run_command(*given, "--token-file", token, "--overwrite").returncode == 0


def test_check_names_what_is_missing(folder: Path, opensearch_url: str, tmp_path: Path) -> None:
    done = run_command("dashboards", "check", "--opensearch", opensearch_url, "--index", ALIAS, "--json")
    missing = json.loads(done.stdout)["missing"]
    assert done.returncode == (1 if missing else 0)
    # The tests' server has ingest runs; searches are logged there, or the whole index is missing.
    assert all(each["field"] is None and each["index"] != "clipseek-ingests" for each in missing), missing
    file = tmp_path / "boards.ndjson"
    done = run_command("dashboards", "install", "--opensearch", opensearch_url, "--index", ALIAS, "--output", file)
    assert done.returncode == 0, done.stderr
    assert f'"clipseek-pattern-{ALIAS}"' in file.read_text("utf-8")
