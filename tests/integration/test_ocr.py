"""On a real server: words in pictures become a field of their own, also in an index that was made without it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.encoder.ocr.options import OcrOptions
from clipseek.encoder.ocr.reader import OcrReader
from clipseek.opensearch.index import versions
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder

from tests.signs import sign

pytestmark = pytest.mark.integration
SOURCE = "file:///signs"


class Counting(OcrReader):
    """Counts the pictures that it reads; breaks off at the one after ``most``."""

    count, most = 0, 99

    def read(self, data: bytes) -> str | None:
        self.count += 1
        if self.count > self.most:
            raise ValueError("the lamp went out")
        return super().read(data)


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-ocr-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get_alias(name=name):
        client.indices.delete(index=index)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, words in (("a", "Harbour ferry"), ("b", "Platform closed"), ("c", "4711")):
        (tmp_path / f"{name}.png").write_bytes(sign([words]))
    (tmp_path / "a.txt").write_text("a ferry at the harbour")
    return tmp_path


def bring(
    client: opensearchpy.OpenSearch, alias: str, folder: Path, reader: OcrReader | None
) -> tuple[IngestReport, ColourEncoder]:
    encoder = ColourEncoder()
    options = IngestOptions(source=SOURCE, reader=reader)
    report = ingest(client, alias, encoder, read_source(folder), options=options)
    assert report.seen == report.indexed + report.replaced + report.unchanged + report.joined + report.skipped.total()
    return report, encoder


def texts(client: opensearchpy.OpenSearch, alias: str) -> dict[str, Any]:
    rows = client.search(index=alias, body={"size": 50})["hits"]["hits"]
    return {row["_source"]["image_uri"].rpartition("/")[2]: row["_source"].get("text") for row in rows}


READ = {"a.png": "Harbour ferry", "b.png": "Platform closed", "c.png": "4711"}


def test_an_index_made_without_gets_the_field_and_no_picture_is_encoded_again(
    client: opensearchpy.OpenSearch, alias: str, folder: Path
) -> None:
    bring(client, alias, folder, None)
    assert not versions.current(client, alias).has_text
    # Two of three are read, then it goes wrong: the pictures are none the worse, and the next run reads the third.
    broken = Counting()
    broken.most, broken.lanes = 2, 1
    report, encoder = bring(client, alias, folder, broken)
    assert (report.texts_read, report.texts_found, report.shortened) == (2, 2, {"text not read": 1})
    assert (report.replaced, report.updated, report.unchanged, encoder.decoded) == (2, 2, 1, 0)
    mapping = client.indices.get_mapping(index=alias)[versions.current(client, alias).index]["mappings"]["properties"]
    assert mapping["text"] == mapping["caption"]
    rest = Counting()
    report, encoder = bring(client, alias, folder, rest)
    assert (rest.count, report.texts_read, report.replaced, report.unchanged, encoder.decoded) == (1, 1, 1, 2, 0)
    assert texts(client, alias) == READ
    done = Counting()
    assert (bring(client, alias, folder, done)[0].unchanged, done.count) == (3, 0)
    # Another way to read reads all of them again.
    other = Counting(OcrOptions(min_confidence=1.0))
    report, _ = bring(client, alias, folder, other)
    assert (other.count, report.texts_found, report.replaced) == (3, 0, 3)
    assert set(texts(client, alias).values()) == {None}


def test_text_is_read_at_the_first_ingest_and_stays_where_other_fields_change(
    client: opensearchpy.OpenSearch, alias: str, folder: Path
) -> None:
    reader = Counting()
    report, _ = bring(client, alias, folder, reader)
    assert (report.indexed, report.texts_read, report.texts_found) == (3, 3, 3)
    assert texts(client, alias) == READ
    (folder / "a.txt").write_text("another caption")
    (folder / "twin.png").write_bytes((folder / "b.png").read_bytes())
    (folder / "b.png").unlink()
    report, _ = bring(client, alias, folder, None)
    assert sorted(map(str, texts(client, alias).values())) == sorted(READ.values())
    # The same name with other words, and no reader: the old words are gone with the old picture.
    (folder / "c.png").write_bytes(sign(["Gate 12"]))
    bring(client, alias, folder, None)
    assert "4711" not in texts(client, alias).values()
    report, _ = bring(client, alias, folder, reader)
    assert (reader.count, report.texts_read) == (4, 1)
    assert "Gate 12" in texts(client, alias).values()
