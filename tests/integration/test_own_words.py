"""What the pictures' own files say, from the file to a filter, a facet and a caption."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from click.testing import CliRunner, Result
from clipseek.cli.ingest import ingest
from clipseek.cli.search import search
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.words.scripts import SAMPLE

from tests.shipped import TUNED
from tests.unit.sources.embedded.files import described, exif, picture, xmp

pytestmark = pytest.mark.integration
SUBJECT = "<dc:subject><rdf:Bag><rdf:li>harbour</rdf:li></rdf:Bag></dc:subject>"


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-own-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get(index=f"{name}*"):
        client.indices.delete(index=index)


def run(command: Any, url: str, alias: str, *arguments: str) -> Result:
    if command is ingest:
        arguments = (
            *arguments,
            "--no-expunge",
        )  # which waits half a minute, and changes nothing that is looked at here
    done = CliRunner().invoke(command, [*arguments, "--index", alias, "--url", url], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def found(url: str, alias: str, *arguments: str) -> list[str]:
    hits = json.loads(run(search, url, alias, *arguments, "--json").stdout)["hits"]
    return sorted(Path(hit["uri"]).name for hit in hits)


def taken(year: int) -> dict[int, str]:
    return {0x9003: f"{year}:05:31 10:00:00"}


def test_captions_and_fields_of_the_files(
    client: opensearchpy.OpenSearch, opensearch_url: str, alias: str, tmp_path: Path
) -> None:
    picture(
        tmp_path / "a.jpg",
        color="red",
        xmp=xmp(described("a tugboat at the pier") + SUBJECT),
        exif=exif(t272="EOS 5D", own=taken(2023)),
    )
    picture(tmp_path / "b.jpg", color="blue", exif=exif(t270="OLYMPUS DIGITAL CAMERA", t272="E-M10", own=taken(2024)))
    model = ("--model", str(TUNED))
    run(ingest, opensearch_url, alias, str(tmp_path), *model)
    assert found(opensearch_url, alias, "tugboat", "--caption") == ["a.jpg"]
    assert found(opensearch_url, alias, "olympus", "--caption") == []
    assert found(opensearch_url, alias, "a boat", "--vector", "--filter", "camera=E-M10") == ["b.jpg"]
    assert found(opensearch_url, alias, "a boat", "--vector", "--filter", "taken<2024") == ["a.jpg"]
    assert found(opensearch_url, alias, "a boat", "--vector", "--filter", "keywords=harbour") == ["a.jpg"]
    assert "E-M10 1" in run(search, opensearch_url, alias, "a boat", "--vector", "--facet", "camera").stderr
    # Again: nothing changes.
    done = json.loads(run(ingest, opensearch_url, alias, str(tmp_path), *model, "--json").stdout)
    assert (done["unchanged"], done["updated"], done["indexed"]) == (2, 0, 0)


def test_fields_that_come_late_or_into_an_older_index_are_declared_too(
    client: opensearchpy.OpenSearch, opensearch_url: str, alias: str, tmp_path: Path
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    picture(first / "a.jpg", color="red")
    model = ("--model", str(TUNED))
    run(ingest, opensearch_url, alias, str(first), *model)
    assert versions.current(client, alias).fields == {}
    for number in range(SAMPLE):
        (tmp_path / f"{number:04}.txt").write_text("alone")
    own = exif(t272="EOS 5D", own=taken(2023), gps={1: "N", 2: (52.5, 0.0, 0.0), 3: "E", 4: (13.4, 0.0, 0.0)})
    picture(tmp_path / "z.jpg", color="green", exif=own)
    run(ingest, opensearch_url, alias, str(tmp_path), *model)
    assert versions.current(client, alias).fields == {"taken": "date", "camera": "keyword"}
    assert found(opensearch_url, alias, "a boat", "--vector", "--filter", "taken=2023") == ["z.jpg"]
    assert found(opensearch_url, alias, "a boat", "--vector", "--filter", "camera=EOS 5D") == ["z.jpg"]


def test_the_place_only_when_it_is_asked_for(
    client: opensearchpy.OpenSearch, opensearch_url: str, alias: str, tmp_path: Path
) -> None:
    for name, east in (("a", 13.4), ("b", 14.4)):
        picture(tmp_path / f"{name}.jpg", exif=exif(gps={1: "N", 2: (52.5, 0.0, 0.0), 3: "E", 4: (east, 0.0, 0.0)}))
    picture(tmp_path / "c.png")
    model = ("--model", str(TUNED))
    run(ingest, opensearch_url, alias, str(tmp_path), *model)
    index = versions.current(client, alias).index
    kept = client.search(index=index, body={"query": {"match_all": {}}})["hits"]["hits"]
    assert not any("place" in hit["_source"].get("metadata", {}) for hit in kept)
    run(ingest, opensearch_url, alias, str(tmp_path), *model, "--place")
    assert versions.current(client, alias).fields == {"place": "place"}
    assert found(opensearch_url, alias, "a boat", "--vector", "--near", "52.5,13.4,5km") == ["a.jpg"]
    assert found(opensearch_url, alias, "a boat", "--vector", "--near", "52.5,13.4,500km") == ["a.jpg", "b.jpg"]
    assert found(opensearch_url, alias, "a boat", "--vector", "--filter", "place!=52.5,13.4,5km") == ["b.jpg", "c.png"]
