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
from clipseek.encoder.pictures.crop import Crop
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.protocols import TextReader
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.hits import Hit
from clipseek.opensearch.search.searcher import Searcher
from clipseek.relevance.labelled_queries import LabelledQuery
from clipseek.relevance.tuning import tune
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder

from tests.signs import sign

pytestmark = pytest.mark.integration
SOURCE = "file:///signs"
READ = {"a.png": "Harbour ferry", "b.png": "Platform closed", "c.png": "4711"}


class Counting(OcrReader):
    """Counts the pictures that it reads; breaks off at the one after ``most``."""

    count, most = 0, 99

    def read(self, data: bytes, crop: Crop | None = None) -> str | None:
        self.count += 1
        if self.count > self.most:
            raise ValueError("the lamp went out")
        return super().read(data)


class Fixed:
    """Says what ``sign`` wrote without looking: for tests of what becomes of it."""

    lanes, marks = 1, ("fixed",)

    def mark(self, data: bytes) -> str:
        return "fixed"

    def read(self, data: bytes, crop: Crop | None = None) -> str:
        return next((words for words in READ.values() if data == sign([words])), "")


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-ocr-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get_alias(name=name):
        client.indices.delete(index=index)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file, words in READ.items():
        (tmp_path / file).write_bytes(sign([words]))
    (tmp_path / "a.txt").write_text("a ferry at the harbour")
    return tmp_path


@pytest.fixture(scope="module")
def filled(client: opensearchpy.OpenSearch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An index of three signs, two of them with a caption."""
    name, folder = f"test-ocr-{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("signs")
    for file, words in READ.items():
        (folder / file).write_bytes(sign([words]))
    (folder / "a.txt").write_text("a ferry at the harbour")
    (folder / "b.txt").write_text("a ferry")
    bring(client, name, folder, Fixed())
    yield name
    for index in client.indices.get_alias(name=name):
        client.indices.delete(index=index)


def bring(
    client: opensearchpy.OpenSearch, alias: str, folder: Path, reader: TextReader | None
) -> tuple[IngestReport, ColourEncoder]:
    encoder = ColourEncoder()
    options = IngestOptions(source=SOURCE, reader=reader)
    report = ingest(client, alias, encoder, read_source(folder), options=options)
    assert report.seen == report.indexed + report.replaced + report.unchanged + report.joined + report.skipped.total()
    return report, encoder


def texts(client: opensearchpy.OpenSearch, alias: str) -> dict[str, Any]:
    rows = client.search(index=alias, body={"size": 50})["hits"]["hits"]
    return {row["_source"]["image_uri"].rpartition("/")[2]: row["_source"].get("text") for row in rows}


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


def search(client: opensearchpy.OpenSearch, alias: str, words: str, **options: Any) -> dict[str, Hit]:
    searcher = Searcher.open(client, alias, ColourEncoder())
    found = searcher.search(Query(words, **options)).hits
    return {hit.uri.rpartition("/")[2]: hit for hit in found}


def test_a_search_finds_the_words_marks_them_and_says_where_they_stand(
    client: opensearchpy.OpenSearch, alias: str, folder: Path
) -> None:
    (folder / "b.txt").write_text("a ferry")
    bring(client, alias, folder, Fixed())
    hits = search(client, alias, "ferry", kind="caption")
    assert [(name, hit.text_only, hit.pieces()) for name, hit in sorted(hits.items())] == [
        ("a.png", False, [("a ", False), ("ferry", True), (" at the harbour", False)]),
        ("b.png", False, [("a ", False), ("ferry", True)]),
    ]
    assert [hits[name].text_pieces() for name in ("a.png", "b.png")] == [
        [("Harbour ", False), ("ferry", True)],
        [("Platform closed", False)],
    ]
    # Both fields count: a.png has the word in both.
    assert hits["a.png"].score > hits["b.png"].score
    (closed,) = search(client, alias, "closing platforms", kind="caption").values()  # stemmed as a caption is
    assert (closed.text_only, closed.text_marks) == (True, ((0, 8), (9, 15)))
    fused = search(client, alias, "platform")["b.png"]
    assert fused.text_only
    assert fused.text_score == pytest.approx(fused.raw["caption"], rel=1e-5)
    assert set(fused.raw) == set(fused.shares) == {"caption", "vector"}


@pytest.mark.parametrize(
    ("words", "match", "found"),
    [
        ("ferry closed", "any", {"a.png", "b.png"}),
        ("harbour at ferry", "all", {"a.png"}),
        ("ferry platform", "all", {"b.png"}),  # one in the caption, one in the picture
        ("ferry gate", "all", set()),
        ("platform closed", "phrase", {"b.png"}),
        ("closed platform", "phrase", set()),
        ("a ferry platform gate", "most", {"b.png"}),
    ],
)
def test_words_may_stand_in_either_field(
    client: opensearchpy.OpenSearch, filled: str, words: str, match: Any, found: set[str]
) -> None:
    assert set(search(client, filled, words, kind="caption", match=match)) == found
    assert set(search(client, filled, words, kind="caption", match=match, exact=True)) >= found - {"b.png"}


def test_the_share_of_the_fields_is_chosen_and_what_is_not_wanted_is_looked_for_in_both(
    client: opensearchpy.OpenSearch, filled: str
) -> None:
    assert set(search(client, filled, "platform", kind="caption", ocr_weight=0.0)) == set()
    assert set(search(client, filled, "ferry", kind="caption", ocr_weight=1.0)) == {"a.png"}
    low, high = (search(client, filled, "ferry", kind="caption", ocr_weight=share)["a.png"] for share in (0.2, 0.5))
    alone = search(client, filled, "ferry", kind="caption", ocr_weight=0.0)["a.png"].score
    text = search(client, filled, "ferry", kind="caption", ocr_weight=1.0)["a.png"].score
    assert high.score == pytest.approx(alone + text / 2, rel=1e-5)
    assert low.score == pytest.approx(1.6 * alone + 0.2 * text, rel=1e-5)
    assert set(search(client, filled, "ferry", kind="hybrid", unwanted=("platform",))["b.png"].raw) == {"vector"}


def test_an_index_without_the_field_is_searched_as_before(
    client: opensearchpy.OpenSearch, alias: str, folder: Path
) -> None:
    bring(client, alias, folder, None)
    plan = Searcher.open(client, alias, ColourEncoder()).plan(Query("ferry"))
    assert plan.clauses["caption"] == {"match": {"caption": {"query": "ferry", "_name": "caption"}}}
    assert "text" not in plan.shown["highlight"]["fields"]
    with pytest.raises(InvalidOption, match=f"ingest SOURCE --index {alias} --ocr"):
        search(client, alias, "ferry", ocr_weight=0.5)


def test_tuning_chooses_the_share_of_the_text(client: opensearchpy.OpenSearch, filled: str) -> None:
    version = versions.current(client, filled)
    words = {"a.png": "harbour ferry", "b.png": "platform closed", "c.png": "4711"}
    ids = {name: hit.id for name, hit in search(client, filled, "ferry").items()}
    queries = [LabelledQuery(str(n), words[name], str(n), {ids[name]: 1}) for n, name in enumerate(sorted(words) * 7)]
    report = tune(client, version, ColourEncoder(), queries)
    kept = versions.current(client, filled).search
    assert report.best.wording.ocr == kept["ocr"] == 0.5
    assert any("share of those in pictures 0.25" in name for name in report.by_option)
    versions.write_meta(client, version, "search", {**kept, "ocr": 0.0})
    assert not search(client, filled, "platform")["b.png"].text_only
