from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.run.picture import Picture
from clipseek.opensearch.entries import feed as feeding
from clipseek.opensearch.entries.draft import draft_of
from clipseek.opensearch.entries.seen import Seen
from clipseek.opensearch.errors import (
    AccessRefused,
    IndexMissing,
    IndexReadOnly,
    IngestFailed,
    InvalidOption,
    ModelMismatch,
)
from clipseek.opensearch.index.columns import DeclaredColumns
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import Ended, IngestReport, Shortened
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.server.retry import Retry
from clipseek.sources import MalformedSource, Record, Skipped, read_source
from clipseek.testing.encoder import ColourEncoder
from clipseek.testing.server import Answer, FakeServer, error
from numpy.typing import NDArray
from PIL import Image

CLOCK = itertools.count(10**9)
QUICK = Retry(attempts=4, first_seconds=0.001, longest_seconds=0.002)


def draw(folder: Path, *names: str) -> None:
    """A small picture for each name, no two the same."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        red, green = divmod(len(list(folder.rglob("*"))) * 7, 251)
        Image.new("RGB", (6, 4), (red, green, 99)).save(folder / name)
        times = next(CLOCK)
        os.utime(folder / name, (times, times))  # long ago: what changed just now is not known by its time


def run(client: opensearchpy.OpenSearch, source: Path | Iterable[Record | Skipped], **more: Any) -> IngestReport:
    more.setdefault("options", IngestOptions(batch_size=4, workers=2, retry=QUICK))
    encoder = more.pop("encoder", None) or ColourEncoder()
    return ingest(client, "pics", encoder, read_source(source) if isinstance(source, Path) else source, **more)


def bulks(server: FakeServer) -> int:
    return server.log.count(("POST", "/_bulk"))


def once(method: str, path: str, answer: Answer) -> Any:
    return lambda m, p, body: answer if (m, p) == (method, path) else None


def test_every_picture_gets_its_own_vector(server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    names = [f"{number:02}.png" for number in range(11)]
    draw(tmp_path, *names)
    # Broken files in the middle of batches: ids and vectors must not slip against each other.
    for broken in ("03a.png", "07a.png"):
        (tmp_path / broken).write_bytes(b"no picture")
    encoder = ColourEncoder()
    report = run(client, tmp_path, encoder=encoder)
    assert (report.indexed, report.skipped, report.created) == (11, {"unreadable": 2}, True)
    assert encoder.batches == [4, 4, 3]
    assert len(server.documents) == 11
    for document in server.documents.values():
        name = document["image_uri"].rpartition("/")[2]
        alone = encoder.encode_pictures([encoder.load_picture((tmp_path / name).read_bytes())])[0]
        assert document["image_vector"] == pytest.approx(alone.tolist(), abs=1e-6)
        assert (document["width"], document["height"]) == (6, 4)
    ends = [path.rpartition("/")[2] for _, path in server.log if path.startswith(f"/{report.index}/")]
    assert ends[-3:] == ["_refresh", "_flush", "_mapping"]


def test_a_second_run_encodes_nothing(server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    draw(tmp_path, *(f"{number}.png" for number in range(9)))
    run(client, tmp_path)
    before, encoder, sent = dict(server.documents), ColourEncoder(), bulks(server)
    report = run(client, tmp_path, encoder=encoder)
    assert (report.indexed, report.updated, report.unchanged, report.created) == (0, 0, 9, False)
    assert (encoder.decoded, encoder.batches, bulks(server)) == (0, [], sent)
    assert server.documents == before


def test_a_changed_caption_is_written_without_encoding(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "b.txt").write_text("gone soon")
    run(client, tmp_path)
    (tmp_path / "a.txt").write_text("new")
    (tmp_path / "b.txt").unlink()
    draw(tmp_path, "c.png")
    vectors = {key: document["image_vector"] for key, document in server.documents.items()}
    encoder = ColourEncoder()
    report = run(client, tmp_path, encoder=encoder)
    assert (report.indexed, report.replaced, report.updated, report.unchanged, encoder.decoded) == (0, 3, 2, 0, 1)
    assert report.rewritten == 3  # two changed, one deleted: its picture is another
    captions = {document["image_uri"][-5:]: document.get("caption") for document in server.documents.values()}
    assert captions == {"a.png": "new", "b.png": None, "c.png": None}
    kept = vectors.keys() & server.documents.keys()
    assert len(kept) == 2
    assert all(server.documents[key]["image_vector"] == vectors[key] for key in kept)


def test_a_picture_that_changed_under_its_id_is_encoded_again(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "a.png")
    run(client, [Record("7", tmp_path / "a.png")])
    before = server.documents["7"]["image_vector"]
    draw(tmp_path, "x.png", "a.png")
    report = run(client, [Record("7", tmp_path / "a.png")])
    assert (report.indexed, report.replaced, report.updated) == (0, 1, 0)
    assert server.documents["7"]["image_vector"] != before
    assert len(server.documents) == 1


def test_every_kind_of_file_that_is_no_picture(
    client: opensearchpy.OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path, "a.png", "größe 名前.png", "folder.jpg/in.png")
    (tmp_path / "copy.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "notes.md").write_text("hello")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:-30])
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "lost.png").symlink_to("nowhere")
    (tmp_path / "ring.png").symlink_to("ring.png")
    (tmp_path / "link.png").symlink_to("größe 名前.png")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # a socket's whole address may have 108 bytes
        listener.bind("socket.png")
        events: list[Any] = []
        report = run(client, tmp_path, on_event=events.append)
    reasons = {skip.path.name: skip.reason for skip in events if isinstance(skip, Skipped)}
    assert reasons == {
        "cut.png": "not a picture: OSError",
        os.fsdecode(b"caf\xe9.png"): "not a picture: UnidentifiedImageError",
        "empty.png": "empty file",
        "folder.jpg": "a folder with a picture's name; what it holds is read",
        "lost.png": "a link to nothing",
        "notes.md": "not an image",
        "pipe.png": "a named pipe, not a file",
        "ring.png": "too many levels of symbolic links",
        "socket.png": "no such device or address",
        "text.jpg": "not a picture: UnidentifiedImageError",
    }
    assert (report.indexed, report.joined) == (3, 2)  # copy.png and link.png
    assert sum(report.skipped.values()) == len(reasons)
    last = [event for event in events if isinstance(event, IngestReport)][-1]
    assert (last.seen, last.encoded, last.skipped.total()) == (15, 3, 10)


def test_records_whose_files_cannot_be_used(client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    draw(tmp_path, "a.png", "b.png", "big.png")
    (tmp_path / "big.png").write_bytes(bytes(2_000_001))
    records = [
        Record("1", tmp_path / "a.png"),
        Record("1", tmp_path / "b.png"),
        Record("2", tmp_path / "none.png"),
        Record("3", tmp_path),
        Record("4", Path("a\0b.png")),
        Record("5", Path("x" * 300 + ".png")),
        Record("y" * 513, tmp_path / "a.png"),
        Record("6", tmp_path / "big.png"),
    ]
    events: list[Any] = []
    options = IngestOptions(workers=2, max_file_megabytes=2)
    report = run(client, records, on_event=events.append, options=options)
    assert report.indexed == 1
    assert [skip.reason for skip in events if isinstance(skip, Skipped)] == [
        "no such file",
        "a folder, not a file",
        "embedded null byte",
        "file name too long",
        "its id has 513 bytes; OpenSearch takes 512",
        "too large: 2 MB, the limit is 2 MB (--max-megabytes)",
        f"its id '1' is that of {tmp_path}/a.png already",
    ]


def test_a_source_without_pictures_makes_no_index(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "notes.md").write_text("x")
    report = run(client, tmp_path)
    assert (report.index, report.indexed, report.skipped) == (None, 0, {"not an image": 1})
    assert server.indexes == {}


def test_another_model_is_refused_before_anything_is_decoded(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "a.png")
    run(client, tmp_path)
    before, other = dict(server.documents), ColourEncoder("other")
    with pytest.raises(ModelMismatch):
        run(client, tmp_path, encoder=other)
    assert (other.decoded, server.documents) == (0, before)


def test_a_broken_line_costs_itself_alone(server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    draw(tmp_path, *(f"{number}.png" for number in range(6)))
    lines = [f"{number}.png\tx" for number in range(6)]
    (tmp_path / "m.tsv").write_text("image\tcaption\n" + "\n".join([*lines[:3], "broken", *lines[3:]]) + "\n")
    events: list[Any] = []
    report = run(client, tmp_path / "m.tsv", on_event=events.append)
    assert (report.indexed, report.skipped, len(server.documents)) == (6, {"malformed row": 1}, 6)
    (skip,) = (event for event in events if isinstance(event, Skipped))
    assert "line 5: 1 cells where the header has 2" in skip.reason


def test_strict_stops_at_a_broken_line_and_keeps_what_came_before(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "0.png", "1.png")
    (tmp_path / "m.tsv").write_text("image\tcaption\n0.png\tx\nbroken\n1.png\tx\n")
    with pytest.raises(MalformedSource, match="line 3"):
        run(client, tmp_path / "m.tsv", options=IngestOptions(strict=True, retry=QUICK))
    assert len(server.documents) == 1


BUSY = (429, "es_rejected_execution_exception", "queue full")


def test_items_that_the_server_is_too_busy_for_are_sent_again_alone(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "a.png", "b.png", "c.png")
    records = [Record(name, tmp_path / f"{name}.png") for name in "abc"]
    server.item_errors = {"b": [BUSY, (503, "unavailable_shards_exception", "x")]}
    sent: list[int] = []
    server.interceptors.append(lambda m, p, body: sent.append(body.count(b'"create"')) if p == "/_bulk" else None)
    report = run(client, records)
    assert (report.indexed, report.rejected, bulks(server)) == (3, 0, 3)
    assert sent == [3, 1, 1]


@pytest.mark.parametrize("status", [429, 503, 0])
def test_a_whole_bulk_that_fails_for_a_moment_is_sent_again(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path, status: int
) -> None:
    draw(tmp_path, "a.png")
    server.interceptors += [once("POST", "/_bulk", (status, {})) for _ in range(3)]
    assert run(client, tmp_path).indexed == 1


def test_it_gives_up_after_the_last_try(server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    draw(tmp_path, "a.png", "b.png")
    server.item_errors = {"a": [BUSY] * 99}
    records = [Record(name, tmp_path / f"{name}.png") for name in "ab"]
    with pytest.raises(
        IngestFailed, match=r"^1 documents could not be indexed in 4 tries \(.*queue full\); run the same"
    ) as caught:
        run(client, records)
    assert caught.value.exit_code == 1
    assert list(server.documents) == ["b"]


def test_a_document_that_is_refused_does_not_stop_the_others(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "a.png", "b.png")
    server.item_errors = {"a": [(400, "mapper_parsing_exception", "failed\nto parse")]}
    events: list[Any] = []
    report = run(client, [Record(name, tmp_path / f"{name}.png") for name in "ab"], on_event=events.append)
    assert (report.indexed, report.rejected) == (1, 1)
    (refused,) = (event for event in events if isinstance(event, Ended) and event.state == "rejected")
    assert (refused.path.name, refused.id) == ("a.png", "a")
    assert "failed to parse" in refused.reason


@pytest.mark.parametrize(
    ("item_error", "expected"),
    [
        ((429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"), IndexReadOnly),
        ((403, "security_exception", "no permissions"), AccessRefused),
    ],
)
def test_what_no_second_try_can_cure_ends_the_run(
    server: FakeServer,
    client: opensearchpy.OpenSearch,
    tmp_path: Path,
    item_error: tuple[int, str, str],
    expected: type[Exception],
) -> None:
    draw(tmp_path, "a.png")
    server.item_errors = {"a": [item_error] * 9}
    with pytest.raises(expected):
        run(client, [Record("a", tmp_path / "a.png")])
    assert bulks(server) == 1


def test_a_bulk_that_is_too_large_is_halved(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, *(f"{number}.png" for number in range(8)))

    def keep(method: str, path: str, body: bytes) -> Answer | None:
        return (413, {}) if path == "/_bulk" and body.count(b'"_id"') > 2 else None

    server.interceptors += [keep] * 7
    assert run(client, tmp_path).indexed == 8


def test_an_index_that_disappears_is_noticed(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "a.png")

    def remove(method: str, path: str, body: bytes) -> None:
        if path == "/_bulk":
            server.indexes = {name: {"mappings": {}} for name in server.indexes}

    server.interceptors += [remove] * 8
    with pytest.raises(IndexMissing, match="was removed while it was being filled"):
        run(client, tmp_path)


class Unwell(ColourEncoder):
    """Gives a vector that is none for the second picture of each batch."""

    def encode_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        rows = super().encode_pictures(pictures)
        rows[1] = np.nan
        return rows


def test_a_vector_that_is_none_costs_one_picture(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "a.png", "b.png", "c.png")
    report = run(client, tmp_path, encoder=Unwell())
    assert (report.indexed, report.skipped) == (2, {"no vector": 1})


class Strange(ColourEncoder):
    """Its decoder has a bug."""

    def load_picture(self, data: bytes, crop: Crop | None = None) -> Picture:
        if len(data) % 2:
            raise KeyError("bits")
        return super().load_picture(data, crop)


def test_a_bug_in_a_decoder_is_a_reason_too(client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    draw(tmp_path, "a.png", "b.png")
    (tmp_path / "b.png").write_bytes(
        (tmp_path / "b.png").read_bytes() + b"x" * (1 + (tmp_path / "b.png").stat().st_size % 2)
    )
    (tmp_path / "a.png").write_bytes(
        (tmp_path / "a.png").read_bytes() + b"x" * ((tmp_path / "a.png").stat().st_size % 2)
    )
    events: list[Any] = []
    assert run(client, tmp_path, encoder=Strange(), on_event=events.append).indexed == 1
    assert [skip.reason for skip in events if isinstance(skip, Skipped)] == ["KeyError: 'bits'"]


def test_the_copy_of_a_broken_picture_is_broken_and_no_duplicate(
    client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    assert run(client, tmp_path).skipped == {"unreadable": 2}


def test_columns_that_are_not_declared_are_named(client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    draw(tmp_path, "a.png", "b.png")
    records = [
        Record("a", tmp_path / "a.png", (), None, {"set": "x", "year": "1999"}),
        Record("b", tmp_path / "b.png", (), None, {"set": "x", "year": "old"}),
    ]
    report = run(client, records, index_options=IndexOptions(fields={"year": "number"}))
    assert (report.undeclared, report.malformed) == (("set",), {"year": 1})


def test_captions_that_are_too_long_are_cut_counted_and_named(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, "a.png", "b.png", "c.png")
    long = {"a": ("word" * 500_000,), "b": ("x" * 40_000,), "c": ("short",)}
    entries = [Record(name, tmp_path / f"{name}.png", captions) for name, captions in long.items()]
    for _ in range(2):  # an unchanged picture's, too
        events: list[object] = []
        report = run(client, entries, on_event=events.append)
        named = [event for event in events if isinstance(event, Shortened)]
        assert report.shortened == {"caption cut": 2}
        assert [(one.path.name, one.kind) for one in named] == [("a.png", "caption cut"), ("b.png", "caption cut")]
        assert named[0].reason == "its caption has 2,000,000 bytes; the first 32,766 are kept"
    assert (report.indexed, report.unchanged) == (0, 3)
    assert {name: len(document["caption"]) for name, document in server.documents.items()} == {
        "a": 32_766,
        "b": 32_766,
        "c": 5,
    }


def test_known_documents_are_asked_for_in_chunks(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "CHUNK_FILES", 10)
    draw(tmp_path, *(f"{number:02}.png" for number in range(25)))
    report = run(client, tmp_path)
    assert report.indexed == 25
    assert server.log.count(("POST", f"/{report.index}/_mget")) == 3


def test_chunks_are_bounded_by_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "CHUNK_BYTES", 100)
    for number, size in enumerate((40, 40, 40, 300, 10)):
        (tmp_path / f"{number}.png").write_bytes(bytes(size))
    seen = Seen()
    drafts = [draft_of(entry, DeclaredColumns(), "", seen) for entry in read_source(tmp_path)]
    assert [len(chunk) for chunk in feeding.chunks(drafts)] == [2, 1, 1, 1]


class Slow(ColourEncoder):
    """A model that is slower than everything before it."""

    def encode_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        time.sleep(0.01)
        return super().encode_pictures(pictures)


def test_decoding_runs_ahead_of_the_model_only_so_far(client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    draw(tmp_path, *(f"{number:03}.png" for number in range(120)))
    encoder, most = Slow(), 0

    def watch(event: Any) -> None:
        nonlocal most
        if isinstance(event, IngestReport):
            most = max(most, encoder.decoded - event.encoded)

    assert run(client, tmp_path, encoder=encoder, on_event=watch).indexed == 120
    # Three batches in the queue, one being collected, and what the workers hold.
    assert 4 <= most <= 4 * 4 + 2 + 2


def test_nothing_is_left_running_when_the_listener_stops_the_run(
    client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, *(f"{number:03}.png" for number in range(60)))

    def interrupt(event: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(client, tmp_path, on_event=interrupt)
    until = time.monotonic() + 5
    while any(thread.name.startswith("clipseek-") for thread in threading.enumerate()):
        assert time.monotonic() < until, [thread.name for thread in threading.enumerate()]
        time.sleep(0.02)


def test_a_run_that_was_cut_off_is_completed_by_the_next(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    draw(tmp_path, *(f"{number:02}.png" for number in range(30)))

    def cut(entries: Iterable[Record | Skipped]) -> Iterator[Record | Skipped]:
        for number, entry in enumerate(entries):
            if number == 17:
                raise MalformedSource("cut")
            yield entry

    with pytest.raises(MalformedSource):
        run(client, cut(read_source(tmp_path)))
    assert len(server.documents) == 17
    report = run(client, tmp_path)
    assert (report.indexed, report.unchanged) == (13, 17)
    assert len(server.documents) == 30


def test_options_that_make_no_sense() -> None:
    for wrong in ({"batch_size": 0}, {"workers": 5000}):
        with pytest.raises(InvalidOption):
            IngestOptions(**wrong)  # type: ignore[arg-type]


def test_pauses_grow_and_are_never_alike() -> None:
    retry = Retry(first_seconds=1, longest_seconds=8)
    for attempt, most in ((0, 1), (1, 2), (2, 4), (3, 8), (9, 8)):
        pauses = {retry.pause(attempt) for _ in range(50)}
        assert len(pauses) > 40
        assert most / 2 <= min(pauses) <= max(pauses) <= most


def test_error_helper_is_as_the_server_words_it() -> None:
    assert error(404, "a", "b")[1]["error"]["root_cause"] == [{"type": "a", "reason": "b"}]
