from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.own_records import INGESTS
from clipseek.opensearch.ingest.report import Event, IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.server.templates import fill
from clipseek.sources import MalformedSource, Record, Skipped
from clipseek.testing.encoder import ColourEncoder
from clipseek.testing.server import FakeServer, error
from PIL import Image


def entries(folder: Path, problem: BaseException | None = None) -> Iterator[Record | Skipped]:
    """Two pictures, one of them with a caption, two files that are none, and perhaps an error at the end."""
    for number in range(2):
        Image.new("RGB", (6, 4), (number * 90, 9, 9)).save(folder / f"private-{number}.png")
        yield Record(str(number), folder / f"private-{number}.png", ("secret words",))
    yield Skipped(folder / "private.ogg", "not an image", "private.ogg is not an image")
    yield Skipped(folder / "private.mp3", "not an image", "private.mp3 is not an image")
    if problem is not None:
        raise problem


def run(client: opensearchpy.OpenSearch, folder: Path, problem: BaseException | None = None) -> IngestReport:
    return ingest(client, "pics", ColourEncoder(), entries(folder, problem), source="folder")


def test_a_run_leaves_its_numbers_and_nothing_of_the_source(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    run(client, tmp_path)
    run(client, tmp_path)
    first, second = server.records[INGESTS]
    assert {name: first[name] for name in ("index", "source", "model", "state")} == {
        "index": "pics",
        "source": "folder",
        "model": ColourEncoder().fingerprint,
        "state": "done",
    }
    assert (first["entries"], first["indexed"], first["unchanged"], first["skipped"]) == (4, 2, 0, 2)
    assert (second["entries"], second["indexed"], second["unchanged"], second["skipped"]) == (4, 0, 2, 2)
    assert (first["captions"], first["captions_lost"]) == (2, 0)
    assert first["reasons"] == [{"reason": "not an image", "count": 2}]
    assert first["rate"] == pytest.approx(4 / first["seconds"], rel=0.1)
    assert not [word for word in ("private", "secret", str(tmp_path)) if word in json.dumps(server.records)]
    assert first.keys() <= fill("ingests.json")["mappings"]["properties"].keys()


@pytest.mark.parametrize(
    ("problem", "state"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (SystemExit(143), "interrupted"),
        (MalformedSource("line 5: no JSON"), "failed"),
        (RuntimeError("a bug"), "failed"),
    ],
)
def test_a_run_that_does_not_end_well_is_recorded_too(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path, problem: BaseException, state: str
) -> None:
    def interrupt(event: Event) -> None:
        """As Ctrl-C does, in the midst of it."""
        if isinstance(event, Skipped):
            raise problem

    broken_source = problem if isinstance(problem, MalformedSource) else None
    on_event = None if broken_source else interrupt
    with pytest.raises(type(problem)):
        ingest(client, "pics", ColourEncoder(), entries(tmp_path, broken_source), on_event=on_event)
    (only,) = server.records[INGESTS]
    # What came before an error of the source is written.
    assert (only["state"], only["entries"]) == (state, 4 if broken_source else 3)
    assert only["indexed"] == (2 if broken_source else 0) == len(server.documents)


def test_another_model_is_a_failed_run(server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    run(client, tmp_path)
    with pytest.raises(Exception, match="model"):
        ingest(client, "pics", ColourEncoder("other"), entries(tmp_path))
    assert [(row["state"], row["entries"]) for row in server.records[INGESTS]] == [("done", 4), ("failed", 0)]


def test_a_server_that_takes_no_record_costs_nobody_the_run(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    refused = error(403, "security_exception", "no permissions for [indices:admin/create]")
    server.interceptors.append(lambda method, path, body: refused if path == f"/{INGESTS}" else None)
    report = run(client, tmp_path)
    assert report.indexed == 2
    assert "no permissions" in report.unrecorded


@pytest.mark.parametrize("name", ["clipseek-ingests", "clipseek-searches", "clipseek-feedback"])
def test_no_index_of_pictures_has_the_name_of_records(
    client: opensearchpy.OpenSearch, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InvalidOption, match="records"):
        ingest(client, name, ColourEncoder(), entries(tmp_path))
