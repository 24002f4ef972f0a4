"""What an index holds is what its sources say, run after run, against a real OpenSearch."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch import Query, Searcher
from clipseek.opensearch.index import declaring, versions
from clipseek.opensearch.index.image_uri import image_path
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.prune import would_remove
from clipseek.opensearch.ingest.report import Ended, IngestReport, Pruning
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import Record, Skipped, read_source
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

pytestmark = pytest.mark.integration
TICKS = count(10**9)


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-sources-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get(index=f"{name}*"):
        client.indices.delete(index=index)


def draw(path: Path, colour: tuple[int, int, int], caption: str = "") -> None:
    """A picture of one colour, changed at another second than any before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 4), colour).save(path)
    tick = next(TICKS)
    os.utime(path, (tick, tick))
    if caption:
        path.with_suffix(".txt").write_text(caption)


def run(
    client: opensearchpy.OpenSearch, alias: str, source: Path | Iterable[Record | Skipped], name: str = "", **more: Any
) -> tuple[IngestReport, ColourEncoder, list[Any]]:
    encoder = ColourEncoder()
    events: list[Any] = []
    options = IngestOptions(batch_size=4, source=name or (source.as_uri() if isinstance(source, Path) else ""), **more)
    entries = read_source(source) if isinstance(source, Path) else source
    report = ingest(client, alias, encoder, entries, options=options, on_event=events.append)
    ended = (report.indexed, report.replaced, report.joined, report.unchanged, report.rejected, report.skipped.total())
    assert report.seen == sum(ended)  # every entry ends, as one of these
    assert sum(isinstance(event, (Ended, Skipped)) for event in events) == report.seen
    return report, encoder, events


def stored(client: opensearchpy.OpenSearch, alias: str) -> dict[str, dict[str, Any]]:
    """Every document by the name of its file."""
    hits = client.search(index=alias, body={"size": 1000})["hits"]["hits"]
    return {Path(str(image_path(hit["_source"]["image_uri"]))).name: hit["_source"] for hit in hits}


def test_an_edited_file_replaces_its_document(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    draw(tmp_path / "a.png", (200, 0, 0), "old words")
    draw(tmp_path / "b.png", (0, 200, 0))
    run(client, alias, tmp_path)
    draw(tmp_path / "a.png", (0, 0, 200), "new words")
    report, encoder, _ = run(client, alias, tmp_path)
    assert (report.replaced, report.unchanged, encoder.decoded) == (1, 1, 1)
    found = stored(client, alias)
    assert sorted(found) == ["a.png", "b.png"]
    assert found["a.png"]["caption"] == "new words"
    assert found["a.png"]["image_vector"][2] > 0.9
    assert client.count(index=alias)["count"] == 2


def test_two_files_that_changed_places(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    draw(tmp_path / "a.png", (200, 0, 0))
    draw(tmp_path / "b.png", (0, 200, 0))
    run(client, alias, tmp_path)
    draw(tmp_path / "a.png", (0, 200, 0))
    draw(tmp_path / "b.png", (200, 0, 0))
    _, encoder, _ = run(client, alias, tmp_path)
    assert encoder.decoded == 0
    found = stored(client, alias)
    assert client.count(index=alias)["count"] == 2
    assert found["a.png"]["image_vector"][1] > 0.9
    assert found["b.png"]["image_vector"][0] > 0.9
    assert run(client, alias, tmp_path)[0].unchanged == 2


def test_equal_bytes_are_one_document_with_every_caption_and_place(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    for name in ("x/a.png", "x/b.png", "y/c.png"):
        draw(tmp_path / name, (9, 99, 199), f"words of {name[2]}")
    report, encoder, _ = run(client, alias, tmp_path / "x")
    assert (report.indexed, report.joined, encoder.decoded) == (1, 1, 1)
    report, encoder, _ = run(client, alias, tmp_path / "y")
    assert (report.indexed, report.joined, encoder.decoded) == (0, 1, 0)
    (document,) = stored(client, alias).values()
    assert document["caption"].split("\n") == ["words of a", "words of b", "words of c"]
    assert [Path(place["uri"]).name for place in document["source_places"]] == ["a.png", "b.png", "c.png"]
    assert document["source_names"] == [(tmp_path / part).as_uri() for part in "xy"]
    for part, number in (("x", 2), ("y", 1), ("x", 2)):  # and back again: nothing changes
        assert run(client, alias, tmp_path / part)[0].unchanged == number
    (tmp_path / "y/c.txt").write_text("other words")
    assert run(client, alias, tmp_path / "y")[0].replaced == 1
    (document,) = stored(client, alias).values()
    assert document["caption"].split("\n") == ["words of a", "words of b", "other words"]


def test_rows_of_one_id_are_one_document_wherever_they_stand(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    for name, colour in (("a.png", (200, 0, 0)), ("b.png", (0, 200, 0))):
        draw(tmp_path / name, colour)
    lines = ["id\timage\tcaption", "1\ta.png\tone", "2\tb.png\tboat", "1\ta.png\ttwo", "1\tb.png\tof another"]
    table = tmp_path / "m.tsv"
    table.write_text("\n".join(lines))
    report, encoder, events = run(client, alias, table)
    assert (report.indexed, report.joined, report.captions, encoder.decoded) == (2, 1, 3, 2)
    assert [event.reason for event in events if isinstance(event, Skipped)] == [
        f"its id '1' is that of {tmp_path / 'a.png'} already"
    ]
    assert set(stored(client, alias)["a.png"]["caption"].split("\n")) == {"one", "two"}
    report, encoder, _ = run(client, alias, table)
    assert (report.unchanged, report.skipped.total(), report.captions, encoder.decoded) == (3, 1, 3, 0)
    table.write_text("\n".join(lines[:3]))
    assert run(client, alias, table, prune=True)[0].pruned == 1
    assert stored(client, alias)["a.png"]["caption"] == "one"


def test_a_file_that_was_moved_is_the_same_picture_elsewhere(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    draw(tmp_path / "a.png", (200, 0, 0))
    run(client, alias, tmp_path)
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    report, encoder, _ = run(client, alias, tmp_path)
    assert (report.replaced, report.updated, encoder.decoded) == (1, 1, 0)
    assert list(stored(client, alias)) == ["b.png"]


def test_an_id_of_another_source_is_never_overwritten(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path
) -> None:
    draw(tmp_path / "cat.png", (200, 0, 0))
    draw(tmp_path / "dog.png", (0, 200, 0))
    cats = [Record("0", tmp_path / "cat.png", ("a cat",))]
    dogs = [Record("0", tmp_path / "dog.png", ("a dog",))]
    run(client, alias, cats, "cats")
    report, _, events = run(client, alias, dogs, "dogs")
    assert (report.indexed, report.skipped) == (0, {"id of another source": 1})
    (skip,) = [event for event in events if isinstance(event, Skipped)]
    assert skip.reason == (
        "its id '0' belongs to a document of cats; give this source's ids a prefix of their own: --id-prefix NAME"
    )
    assert stored(client, alias)["cat.png"]["caption"] == "a cat"
    assert run(client, alias, cats, "cats")[0].unchanged == 1
    # Its own document may change.
    assert run(client, alias, [Record("0", tmp_path / "cat.png", ("the cat",))], "cats")[0].replaced == 1


def test_pruning(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    for number, name in enumerate(("x/a.png", "x/b.png", "x/kept/c.png", "y/d.png")):
        draw(tmp_path / name, (number * 60, 9, 99), name)
    draw(tmp_path / "y/copy.png", (60, 9, 99), "copy of b")
    run(client, alias, tmp_path / "x")
    run(client, alias, tmp_path / "y")
    for name in ("x/a.png", "x/b.png", "x/kept/c.png", "y/d.png"):
        (tmp_path / name).unlink()
        (tmp_path / name).with_suffix(".txt").unlink()
    draw(tmp_path / "x/new.png", (7, 7, 7))
    version = versions.find(client, alias)
    assert version is not None
    options = IngestOptions(source=(tmp_path / "x").as_uri(), prune=True, protected=lambda uri: "/kept/" in uri)
    before = stored(client, alias)
    told = would_remove(client, version, read_source(tmp_path / "x"), options)
    assert sorted(Path(removal.uri).name for removal in told) == ["a.png", "b.png"]
    assert stored(client, alias) == before
    report, _, events = run(client, alias, tmp_path / "x", prune=True, protected=lambda uri: "/kept/" in uri)
    # a is gone, b stands for its copy alone, c was left out of the run, d is another source's.
    assert report.pruned == 2
    assert [event.number for event in events if isinstance(event, Pruning)] == [2]
    found = stored(client, alias)
    assert sorted(found) == ["c.png", "copy.png", "d.png", "new.png"]
    assert found["copy.png"]["caption"] == "copy of b"
    assert run(client, alias, tmp_path / "x", prune=True, protected=lambda uri: "/kept/" in uri)[0].pruned == 0


def test_unchanged_files_are_not_read(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    draw(tmp_path / "a.png", (200, 0, 0), "words")
    run(client, alias, tmp_path)
    data = (tmp_path / "a.png").read_bytes()
    status = (tmp_path / "a.png").stat()
    # Other bytes of the same size and time: only reading tells.
    (tmp_path / "a.png").write_bytes(data[:-1] + b"x")
    os.utime(tmp_path / "a.png", ns=(status.st_atime_ns, status.st_mtime_ns))
    report, _, events = run(client, alias, tmp_path)
    assert report.unchanged == 1
    (ended,) = [event for event in events if isinstance(event, Ended)]
    assert ended.id == hashlib.sha256(data).hexdigest()  # known without reading
    assert run(client, alias, tmp_path, checksum=True)[0].replaced == 1
    (tmp_path / "a.txt").write_text("other words")  # what the source says of it is looked at all the same
    report, _, _ = run(client, alias, tmp_path)
    assert (report.replaced, report.updated) == (1, 1)


def test_replaced_documents_do_not_count_in_scores(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    words = ["red boat", "red house", "red red car", "blue house by the sea", "boat and house", "green sea"]
    for number, caption in enumerate(words):
        draw(tmp_path / f"{number}.png", (number * 40, 9, 99), caption)
    fresh = f"{alias}-fresh"
    run(client, fresh, tmp_path)
    run(client, alias, tmp_path)
    for number in range(60):
        (tmp_path / f"{number % 3}.txt").write_text(f"red red red {number}")
        report, _, _ = run(client, alias, tmp_path)
    assert "replaced documents still count in the scores of captions" in report.notes[0]
    for number, caption in enumerate(words):
        (tmp_path / f"{number}.txt").write_text(caption)
    report, _, _ = run(client, alias, tmp_path, expunge=None)
    assert (report.expunged, report.notes) == (True, [])
    docs = client.indices.stats(index=alias, metric="docs")["_all"]["primaries"]["docs"]
    assert (docs["count"], docs["deleted"]) == (len(words), 0)
    settings = client.indices.get_settings(index=alias, params={"flat_settings": "true"})
    assert "index.merge.policy.expunge_deletes_allowed" not in next(iter(settings.values()))["settings"]
    for text in ("red", "house", "boat", "sea red"):
        of_both = []
        for name in (alias, fresh):
            hits = Searcher.open(client, name, ColourEncoder()).search(Query(text, kind="caption")).hits
            of_both.append({hit.id: pytest.approx(hit.score) for hit in hits})
        assert of_both[0] == of_both[1] != {}


class Interrupted(Exception):
    """In place of a kill."""


def test_an_interrupted_declaration_is_finished_by_the_next_run(
    client: opensearchpy.OpenSearch, alias: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []
    for number in range(6):
        draw(tmp_path / f"{number}.png", (number * 40, 9, 99))
        rows.append(
            Record(f"{number}", tmp_path / f"{number}.png", (f"words {number}",), None, {"year": 2000 + number})
        )
    run(client, alias, rows, "rows")
    given: dict[str, Any] = {"index_options": IndexOptions(fields={"year": "number"}), "options": IngestOptions()}

    def interrupt(*_: Any, **__: Any) -> None:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(declaring, "_index_again", interrupt)
        with pytest.raises(Interrupted):
            ingest(client, alias, ColourEncoder(), rows, **given)
    assert versions.current(client, alias).declaring == ("year",)
    # Whatever the next run declares.
    ingest(client, alias, ColourEncoder(), rows, options=IngestOptions())
    version = versions.current(client, alias)
    assert (version.declaring, version.fields) == ((), {"year": "number"})
    searcher = Searcher.open(client, alias, ColourEncoder())
    found = searcher.search(Query("words", kind="caption", filters=("year>=2003",))).hits
    assert {hit.id for hit in found} == {"3", "4", "5"}
