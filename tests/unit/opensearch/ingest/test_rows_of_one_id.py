"""Rows of one id, wherever they stand: one document with all their captions, where they are of the same picture."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.sources import Record, Skipped
from clipseek.testing.encoder import ColourEncoder
from clipseek.testing.server import FakeServer

from .test_run import QUICK, draw, run


def bring(
    client: opensearchpy.OpenSearch, *rows: tuple[str, Path, str], source: str = "file:///s", **more: Any
) -> tuple[IngestReport, list[Skipped], int]:
    """The report, what was skipped, and how many pictures were decoded; the two sums hold."""
    encoder = ColourEncoder()
    skips: list[Skipped] = []
    options = IngestOptions(batch_size=4, workers=2, retry=QUICK, source=source, **more)
    entries = [Record(name, path, tuple(filter(None, [text])), None, {}) for name, path, text in rows]
    report = run(
        client,
        entries,
        encoder=encoder,
        options=options,
        on_event=lambda event: skips.append(event) if isinstance(event, Skipped) else None,
    )
    ends = report.indexed + report.replaced + report.joined + report.unchanged + report.rejected
    assert report.seen == len(rows) == ends + report.skipped.total()
    assert report.captions + report.captions_lost.total() == sum(bool(text) for _, _, text in rows)
    return report, skips, encoder.decoded


def captions(server: FakeServer, name: str) -> set[str]:
    document = next(document for document in server.documents.values() if document["image_id"] == name)
    return set((document.get("caption") or "").split("\n"))


@pytest.fixture
def a(tmp_path: Path) -> Path:
    draw(tmp_path, "a.png", "b.png")
    return tmp_path / "a.png"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_they_join_and_stay(server: FakeServer, client: opensearchpy.OpenSearch, a: Path, elsewhere: bool) -> None:
    b, copy = a.with_name("b.png"), a.with_name("copy.png")
    shutil.copy2(a, copy)
    third = copy if elsewhere else a
    rows = [("1", a, "one"), ("2", b, "boat"), ("1", third, "two"), ("2", b, "ship"), ("1", a, "three")]
    report, skips, decoded = bring(client, *rows)
    assert (report.indexed, report.joined, decoded, skips) == (2, 3, 2, [])
    assert captions(server, "1") == {"one", "two", "three"}
    assert captions(server, "2") == {"boat", "ship"}
    report, _, decoded = bring(client, *rows)
    assert (report.unchanged, decoded) == (5, 0)
    assert bring(client, *rows, checksum=True)[0].unchanged == 5
    # A changed caption takes the place of its own, whichever row it is.
    for place, text in ((0, "first"), (2, "second")):
        rows[place] = (*rows[place][:2], text)
        report, _, decoded = bring(client, *rows)
        assert (report.replaced, report.unchanged, decoded) == (1, 4, 0)
    assert captions(server, "1") == {"first", "second", "three"}
    # Without the last row: its caption stays until it is pruned.
    assert bring(client, *rows[:4])[0].unchanged == 4
    assert bring(client, *rows[:4], prune=True)[0].pruned == 1
    assert captions(server, "1") == {"first", "second"}
    # Another picture under the id: what was said of it before goes, what is said of it comes.
    for path in {a, third}:
        shutil.copy(b, path)
        os.utime(path, (5, 5))
    report, _, decoded = bring(client, *rows)
    assert (decoded, report.skipped.total()) == (1, 0)
    assert captions(server, "1") == {"first", "second", "three"}


def test_another_picture_is_refused_with_its_captions(
    server: FakeServer, client: opensearchpy.OpenSearch, a: Path
) -> None:
    rows = [("1", a, "one"), ("1", a.with_name("b.png"), "of another"), ("1", a, "two")]
    for _ in range(2):
        report, (skip,), _ = bring(client, *rows)
        assert skip.reason == f"its id '1' is that of {a} already"
        assert report.captions_lost == {"duplicate": 1}
        assert captions(server, "1") == {"one", "two"}


def test_hundreds_of_rows_of_one_id(server: FakeServer, client: opensearchpy.OpenSearch, a: Path) -> None:
    rows = [row for number in range(700) for row in (("1", a, f"n{number}"), ("2", a.with_name("b.png"), ""))]
    report, _, decoded = bring(client, *rows)
    assert (report.indexed, report.joined, decoded) == (2, 2 * 699, 2)
    assert captions(server, "1") == {f"n{number}" for number in range(700)}


@pytest.mark.parametrize("own", [True, False])
def test_captions_that_are_too_long_together_are_named(client: opensearchpy.OpenSearch, a: Path, own: bool) -> None:
    texts = [f"{number} " + 15_000 * "x" for number in range(4)]
    entries = [Record("1" if own else None, a, (text,), None, {}) for text in texts]
    report = run(client, entries)
    assert (report.indexed, report.joined, report.shortened) == (1, 3, {"caption cut": 1})


def test_a_broken_picture_is_broken_in_every_row(client: opensearchpy.OpenSearch, a: Path) -> None:
    a.write_bytes(b"no picture")
    report, skips, _ = bring(client, ("1", a, "one"), ("2", a.with_name("b.png"), "boat"), ("1", a, "two"))
    assert report.skipped == {"unreadable": 2}
    assert skips[0].reason == skips[1].reason


def test_an_index_of_one_row_each_takes_the_others(
    server: FakeServer, client: opensearchpy.OpenSearch, a: Path
) -> None:
    """As an older clipseek, which left the others out, wrote it."""
    bring(client, ("1", a, "one"))
    report, _, decoded = bring(client, ("1", a, "one"), ("2", a.with_name("b.png"), ""), ("1", a, "two"))
    assert (report.unchanged, report.indexed, report.joined, decoded) == (1, 1, 1, 1)
    assert captions(server, "1") == {"one", "two"}


def test_the_ids_of_another_source_stay_its_own(server: FakeServer, client: opensearchpy.OpenSearch, a: Path) -> None:
    rows = [("1", a, "one"), ("2", a.with_name("b.png"), ""), ("1", a, "two")]
    bring(client, *rows)
    assert bring(client, *rows, source="file:///other")[0].unchanged == 3
    report, skips, _ = bring(client, *rows, ("1", a, "three"), source="file:///other")
    assert (report.unchanged, report.captions_lost) == (3, {"id of another source": 1})
    assert "--id-prefix" in skips[0].reason
    assert captions(server, "1") == {"one", "two"}
