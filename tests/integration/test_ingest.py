"""Ingest against a real OpenSearch: what a unit test's fake server cannot vouch for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.opensearch.errors import IndexReadOnly, RequestRefused, ServerUnfit
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.image_uri import image_path
from clipseek.opensearch.index.mapping import PRESETS, IndexOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.pipelines.server_support import oldest_server
from clipseek.opensearch.query.fusion import TECHNIQUES, pipeline
from clipseek.opensearch.server.capabilities import check_engine
from clipseek.opensearch.server.client import connect
from clipseek.sources import Record, Skipped, read_source, shown
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

from tests.models import make_tiny_clip
from tests.pictures import mixed_folder, picture

pytestmark = pytest.mark.integration


@pytest.fixture
def client(opensearch_url: str) -> Iterator[opensearchpy.OpenSearch]:
    client = connect(opensearch_url)
    yield client
    client.close()


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    """A name that nobody else uses; what was made under it is removed."""
    name = f"test-ingest-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get(index=f"{name}*"):
        client.indices.put_settings(index=index, body={"index.blocks.read_only_allow_delete": None})
        client.indices.delete(index=index)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real bundle, exported from a tiny CLIP."""
    pytest.importorskip("torch", reason="the export needs torch")
    from clipseek.export.checkpoint import export_bundle

    folder = tmp_path_factory.mktemp("tiny")
    checkpoint = make_tiny_clip(folder / "checkpoint")
    return export_bundle(str(checkpoint), folder / "bundle").path


def documents(client: opensearchpy.OpenSearch, alias: str) -> dict[str, dict[str, Any]]:
    """Every document by its id."""
    found = client.search(index=alias, body={"size": 10_000, "query": {"match_all": {}}})
    return {hit["_id"]: hit["_source"] for hit in found["hits"]["hits"]}


def run(client: opensearchpy.OpenSearch, alias: str, source: Path, **options: Any) -> IngestReport:
    return ingest(client, alias, ColourEncoder(), read_source(source), **options)


def clipseek(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clipseek.cli", *map(str, arguments)]
    access = ("USERNAME", "PASSWORD", "CA_CERTS", "VERIFY_CERTS")  # to the server that the tests share
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLIPSEEK_") or name.removeprefix("CLIPSEEK_") in access
    }
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environ)
    assert done.returncode == expect, done.stderr
    return done


# The JSON files


@pytest.mark.parametrize("engine", ["lucene", "faiss"])
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_the_mapping_is_accepted_as_it_is(
    client: opensearchpy.OpenSearch, alias: str, engine: Any, preset: str
) -> None:
    m, ef_construction = PRESETS[preset]
    fields: Any = {"set": "keyword", "year": "number", "taken": "date"}
    options = IndexOptions(engine=engine, m=m, ef_construction=ef_construction, fields=fields)
    client.indices.create(index=alias, body=options.body(512, {"fingerprint": "x"}))
    vector = client.indices.get_mapping(index=alias)[alias]["mappings"]["properties"]["image_vector"]
    assert vector["compression_level"] == "1x"
    assert vector["method"] == {
        "name": "hnsw",
        "engine": engine,
        "space_type": "innerproduct",
        "parameters": {"m": m, "ef_construction": ef_construction},
    }


@pytest.mark.parametrize("analyzer", ["standard", "german", "cjk"])
def test_analyzers(client: opensearchpy.OpenSearch, alias: str, analyzer: str) -> None:
    client.indices.create(index=alias, body=IndexOptions(analyzer=analyzer).body(4, {}))


@pytest.mark.parametrize("fusion", TECHNIQUES)
def test_the_pipelines_are_accepted_as_they_are(client: opensearchpy.OpenSearch, alias: str, fusion: Any) -> None:
    body = pipeline(fusion)
    number = tuple(int(part) for part in client.info()["version"]["number"].split(".")[:2])
    if number < oldest_server(fusion, (0.5, 0.5)):
        with pytest.raises(RequestRefused, match="not supported"):
            client.http.put(f"/_search/pipeline/{alias}", body=body)
        return
    assert client.http.put(f"/_search/pipeline/{alias}", body=body) == {"acknowledged": True}
    stored = client.http.get(f"/_search/pipeline/{alias}")[alias]
    client.http.delete(f"/_search/pipeline/{alias}")
    assert stored["phase_results_processors"] == body["phase_results_processors"]


def test_unknown_fields_are_refused_outside_of_metadata_only(client: opensearchpy.OpenSearch, alias: str) -> None:
    client.indices.create(index=alias, body=IndexOptions(fields={"year": "number"}).body(2, {}))
    with pytest.raises(RequestRefused, match=r"introduction of \[colour\]"):
        client.index(index=alias, body={"colour": "red"})
    document = {"image_id": "1", "metadata": {"anything": "goes", "year": "no number"}}
    client.index(index=alias, id="1", body=document, params={"refresh": "true"})
    assert client.get(index=alias, id="1")["_source"] == document
    assert client.count(index=alias, body={"query": {"term": {"metadata.anything": "goes"}}})["count"] == 0


def test_faiss_is_tried_only_where_it_can_live(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    picture(1, "RGB").save(tmp_path / "a.png")
    try:
        check_engine(client, "faiss")
    except ServerUnfit:
        with pytest.raises(ServerUnfit, match="--engine lucene"):
            run(client, alias, tmp_path, index_options=IndexOptions(engine="faiss"))
        assert versions.find(client, alias) is None
    else:
        assert run(client, alias, tmp_path, index_options=IndexOptions(engine="faiss")).indexed == 1
    assert client.info()["version"]["number"]


# Runs


def test_documents_are_found_by_vector_and_by_caption(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    for name, colour in (("red", (255, 0, 0)), ("green", (0, 255, 0)), ("blue", (0, 0, 255))):
        Image.new("RGB", (20, 10), colour).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.txt").write_text(f"Houses painted {name}\nA second caption")
    assert run(client, alias, tmp_path).indexed == 3
    (vector,) = ColourEncoder().encode_texts(["blue"])
    query = {"knn": {"image_vector": {"vector": vector.tolist(), "k": 1}}}
    (hit,) = client.search(index=alias, body={"query": query})["hits"]["hits"]
    assert hit["_score"] == pytest.approx(2, abs=1e-5)  # 1 + cosine
    assert image_path(hit["_source"]["image_uri"]) == tmp_path / "blue.png"
    assert (hit["_source"]["width"], hit["_source"]["height"]) == (20, 10)
    stemmed = {"query": {"match": {"caption": "house painting green"}}, "size": 1}
    (hit,) = client.search(index=alias, body=stemmed)["hits"]["hits"]
    assert hit["_source"]["caption"] == "Houses painted green\nA second caption"
    exact = [{"query": {"match": {"caption.exact": word}}} for word in ("house", "houses")]
    assert [client.count(index=alias, body=body)["count"] for body in exact] == [0, 3]


def test_a_second_run_changes_nothing_and_a_caption_keeps_its_vector(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    manifest = tmp_path / "m.jsonl"
    for number in range(40):
        picture(number, "RGB").save(tmp_path / f"{number}.png")

    def write(**changes: Any) -> None:
        rows = [
            {"image": f"{n}.png", "id": n, "caption": f"words {n}", "year": 2000 + n, "tag": ["a", "b"]}
            for n in range(40)
        ]
        rows[7].update(changes)
        manifest.write_text("\n".join(json.dumps(row) for row in rows))

    write()
    declared = IndexOptions(fields={"year": "number", "tag": "keyword"})
    assert run(client, alias, manifest, index_options=declared).indexed == 40
    before = documents(client, alias)
    again = run(client, alias, manifest)
    assert (again.indexed, again.updated, again.unchanged) == (0, 0, 40)
    assert documents(client, alias) == before
    write(caption="other words", year=None, tag=["c"])
    changed = run(client, alias, manifest)
    assert (changed.indexed, changed.updated, changed.unchanged) == (0, 1, 39)
    after = documents(client, alias)
    assert np.array_equal(after["7"]["image_vector"], before["7"]["image_vector"])
    assert after["7"]["caption"] == "other words"
    # The vector is still searchable, not only stored.
    query = {"knn": {"image_vector": {"vector": before["7"]["image_vector"], "k": 1}}}
    assert client.search(index=alias, body={"query": query})["hits"]["hits"][0]["_id"] == "7"
    filters = [{"term": {"metadata.tag": "c"}}, {"range": {"metadata.year": {"gte": 0}}}]
    assert [client.count(index=alias, body={"query": one})["count"] for one in filters] == [1, 39]
    assert run(client, alias, manifest).unchanged == 40


def test_a_column_declared_later_is_searchable_at_once(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    picture(1, "RGB").save(tmp_path / "a.png")
    (tmp_path / "a.json").write_text('{"caption": "x", "set": "icons", "year": "1999"}')
    assert run(client, alias, tmp_path).undeclared == ("set", "year")
    report = run(client, alias, tmp_path, index_options=IndexOptions(fields={"set": "keyword", "year": "number"}))
    assert report.undeclared == ()
    assert dict(versions.current(client, alias).fields) == {"set": "keyword", "year": "number"}
    for query in ({"term": {"metadata.set": "icons"}}, {"range": {"metadata.year": {"lt": 2000}}}):
        assert client.count(index=alias, body={"query": query})["count"] == 1


def test_a_full_disk_is_one_line(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    picture(1, "RGB").save(tmp_path / "a.png")
    run(client, alias, tmp_path)
    # What OpenSearch itself sets on every index when the disk is nearly full.
    client.indices.put_settings(index=alias, body={"index.blocks.read_only_allow_delete": True})
    picture(2, "RGB").save(tmp_path / "b.png")
    with pytest.raises(IndexReadOnly, match="its disk is nearly full; free some space there") as caught:
        run(client, alias, tmp_path)
    assert "\n" not in str(caught.value)


# The command


@pytest.mark.train
def test_a_folder_of_mixed_files(client: opensearchpy.OpenSearch, alias: str, bundle: Path, tmp_path: Path) -> None:
    made = mixed_folder(tmp_path / "pictures", 72)
    joined = [made.skipped.pop(name) for name in [*made.skipped] if made.skipped[name] == "duplicate of "]
    # Replaced documents are expunged after half a minute; nothing is searched here.
    where = ["--url", client.transport.hosts[0]["address"], "--index", alias, "--no-expunge"]
    report = tmp_path / "skipped.jsonl"
    first = json.loads(clipseek("ingest", made.folder, "--model", bundle, *where, "--json", "--report", report).stdout)
    paths = sorted(str(image_path(found["image_uri"])) for found in documents(client, alias).values())
    assert paths == sorted(str(made.folder / name) for name in made.readable)
    assert (first["indexed"], first["rejected"]) == (len(made.readable), 0)
    lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert Counter(line["outcome"] for line in lines if "outcome" in line) == {
        "indexed": len(made.readable),
        "joined": len(joined),
        "skipped": len(made.skipped),
    }
    skipped = {line["file"]: line["reason"] for line in lines if line.get("outcome") == "skipped"}
    assert skipped.keys() == {shown(made.folder / name) for name in made.skipped}
    for name, reason in made.skipped.items():
        assert reason in skipped[shown(made.folder / name)], name
    before = documents(client, alias)
    # No --model: the index remembers its bundle.
    second = clipseek("ingest", made.folder, *where)
    assert f"{len(made.readable) + len(joined)} unchanged" in second.stdout
    assert "        0 indexed\n" in second.stdout
    assert documents(client, alias) == before


@pytest.mark.train
def test_a_run_that_was_killed_is_completed_by_the_next(
    client: opensearchpy.OpenSearch, alias: str, bundle: Path, tmp_path: Path
) -> None:
    for number in range(800):
        picture(number, "RGB", (12, 12)).save(tmp_path / f"{number}.png")
    rows = [f"{number}.png\twords {number}\n" for number in range(800)]
    manifest = tmp_path / "m.tsv"
    manifest.write_text("image\tcaption\n" + "".join(rows))
    url = client.transport.hosts[0]["address"]
    arguments = ["--no-expunge", "--model", str(bundle), "--url", url, "--index", alias, "--json"]
    # A pipe as the manifest holds the run in its middle for as long as it takes to look and to kill it.
    pipe = tmp_path / "pipe.tsv"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "clipseek.cli", "ingest", str(pipe), *arguments], stdout=subprocess.PIPE
    )
    with process, pipe.open("w", encoding="utf-8") as feed:
        feed.write("image\tcaption\n" + "".join(rows[:720]))
        feed.flush()
        until = time.monotonic() + 120
        while not _count(client, alias):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
    partly = _count(client, alias)
    assert 0 < partly < 720
    second = json.loads(clipseek("ingest", manifest, *arguments).stdout)
    assert second["indexed"] + second["unchanged"] == 800
    # The server may have written more of the bulk that it held than it had when it was asked.
    assert partly <= second["unchanged"] <= 720
    clean = f"{alias}-clean"
    assert json.loads(clipseek("ingest", manifest, *arguments[:-2], clean, "--json").stdout)["indexed"] == 800
    assert _without_time(documents(client, alias)) == _without_time(documents(client, clean))


def _count(client: opensearchpy.OpenSearch, alias: str) -> int:
    if versions.find(client, alias) is None:
        return 0
    client.indices.refresh(index=alias)
    return int(client.count(index=alias)["count"])


def _without_time(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for document in found.values():
        del document["ingested_at"]
        # Batches are cut elsewhere after a kill, and a sum of floats may then differ in its last bits.
        document["image_vector"] = np.round(document["image_vector"], 5).tolist()
    return found


@pytest.mark.train
def test_the_imageclef_layout(client: opensearchpy.OpenSearch, alias: str, bundle: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "training/CaptionPredictionTraining2017"
    pictures.mkdir(parents=True)
    for number in range(3):
        picture(number, "RGB").save(pictures / f"1471-{number}.jpg")
    captions = tmp_path / "training/CaptionPredictionTraining2017-Captions.csv"
    captions.write_text("".join(f"1471-{number}\tscan, no. {number}\n" for number in range(4)))
    where = ["--url", client.transport.hosts[0]["address"], "--index", alias, "--keyword", "split"]
    out = clipseek("ingest", tmp_path, "--model", bundle, *where).stdout
    assert "        3 indexed" in out
    assert "1471-3.jpg: no such file" in out
    assert documents(client, alias)["1471-1"]["caption"] == "scan, no. 1"
    assert client.count(index=alias, body={"query": {"term": {"metadata.split": "training"}}})["count"] == 3


def test_progress_is_reported_and_skips_come_as_they_happen(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    for number in range(10):
        picture(number, "RGB").save(tmp_path / f"{number}.png")
    records: list[Record | Skipped] = [*read_source(tmp_path), Record("x", tmp_path / "none.png")]
    events: list[Any] = []
    report = ingest(client, alias, ColourEncoder(), records, on_event=events.append)
    assert report.indexed == 10
    assert [event.reason for event in events if isinstance(event, Skipped)] == ["no such file"]
    assert max(event.seen for event in events if isinstance(event, IngestReport)) == 11


def test_each_run_is_recorded_once(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        picture(7, "RGB").save(tmp_path / name)
        entries = (Skipped(tmp_path / "a.ogg", "not an image", "not an image"), Record(name, tmp_path / name))
        assert not ingest(client, alias, ColourEncoder(), entries, source="folder").unrecorded
    client.indices.refresh(index="clipseek-ingests")
    body = {
        "query": {"term": {"index": alias}},
        "sort": ["at"],
        "aggs": {"reasons": {"nested": {"path": "reasons"}, "aggs": {"by": {"terms": {"field": "reasons.reason"}}}}},
    }
    answer = client.search(index="clipseek-ingests", body=body)
    runs = [hit["_source"] for hit in answer["hits"]["hits"]]
    assert [(run["state"], run["entries"], run["indexed"], run["skipped"]) for run in runs] == [("done", 2, 1, 1)] * 2
    assert answer["aggregations"]["reasons"]["by"]["buckets"] == [{"key": "not an image", "doc_count": 2}]
