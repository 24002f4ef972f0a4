"""The two sums, of every kind of source: entries end as one thing each with a reason, captions are searchable or named as lost."""

from __future__ import annotations

from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import Event, IngestReport
from clipseek.sources import LAYOUTS, Record, Skipped
from clipseek.sources.outlook import outlook
from clipseek.testing.server import FakeServer

from tests.sums import ARROW, FOUND, KINDS, LOST, ROWS

from .test_run import run


def _keep(event: Event, skips: list[Skipped]) -> None:
    if isinstance(event, Skipped):
        skips.append(event)


def check(report: IngestReport, entries: int, captions: int) -> None:
    ends = report.indexed + report.replaced + report.joined + report.unchanged + report.rejected
    assert entries == report.seen == ends + report.skipped.total()
    assert report.captions + report.captions_lost.total() == captions


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("source", ["", "file:///a/source"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_two_sums(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path, kind: str, source: str
) -> None:
    if kind in ARROW:
        pytest.importorskip("pyarrow")
    made = KINDS[kind](tmp_path / "source")
    entries, captions = len(list(made.entries())), len(ROWS) + made.more
    skips: list[Skipped] = []
    options = IngestOptions(batch_size=4, workers=2, source=source)
    report = run(client, made.entries(), options=options, on_event=lambda event: _keep(event, skips))
    check(report, entries, captions)
    assert len(skips) == report.skipped.total()
    assert all(skip.reason for skip in skips)
    searchable = {
        line for document in server.documents.values() for line in (document.get("caption") or "").split("\n") if line
    }
    assert searchable >= FOUND
    assert not searchable & LOST
    # Again: what is there is unchanged, and both sums are the same.
    again = run(client, made.entries(), options=options)
    check(again, entries, captions)
    assert (again.indexed, again.captions, again.captions_lost) == (0, report.captions, report.captions_lost)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_foretells_them(tmp_path: Path, kind: str) -> None:
    if kind in ARROW:
        pytest.importorskip("pyarrow")
    made = KINDS[kind](tmp_path / "source")
    found = outlook(made.entries())
    assert found.entries == found.pictures + found.joined + found.skipped.total() == len(list(made.entries()))
    assert found.captions + found.captions_lost.total() == len(ROWS) + made.more
    records = [entry for entry in made.entries() if isinstance(entry, Record)]
    assert found.pictures + found.joined <= len(records)


def test_every_layout_is_tried() -> None:
    assert {"tar" if layout == "webdataset" else layout for layout in LAYOUTS} - {"auto"} <= KINDS.keys()
