"""Captions of any length, on a real server: each is indexed, and no search that meets it breaks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.words.captions import MAX_CAPTION_BYTES
from clipseek.opensearch.ingest.report import IngestReport, Shortened
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.searcher import Searcher
from clipseek.sources import Record
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

pytestmark = pytest.mark.integration
ENCODER = ColourEncoder()
CAPTIONS: dict[str, tuple[str, ...]] = {
    "short": (" \n lime car\t ",),
    "long": ("lime car " * 250_000,),
    "word": (f"lime {'x' * 40_000} car",),
    "many": tuple(f"lime {number}" for number in range(10_000)),
    "lines": ("lime\n" * 400_000,),
    "kanji": ("lime " + "東京" * 400_000,),
    "emoji": ("lime " + "👨\u200d👩\u200d👧❤\ufe0f" * 100_000,),
    "accents": ("lime " + "e\u0301" * 300_000,),
    "signs": ("lime " + "!" * 1_200_000,),
    "fits": ("lime " + "é" * ((MAX_CAPTION_BYTES - 5) // 2),),
}
CUT = {*CAPTIONS} - {"short", "fits"}
#: Those that are made here, and some of the server's own.
LANGUAGES = ["standard", "english", "german", "cjk", "thai", "arabic", "whitespace", "keyword", "fingerprint"]


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    folder = tmp_path_factory.mktemp("long")
    for number, name in enumerate(CAPTIONS):
        Image.new("RGB", (4, 4), (250 - number, 0, 0)).save(folder / f"{name}.png")
    return [Record(name, folder / f"{name}.png", captions) for name, captions in CAPTIONS.items()]


Filled = tuple[str, Searcher, IngestReport, list[Any]]


@pytest.fixture(scope="module", params=LANGUAGES)
def filled(client: opensearchpy.OpenSearch, request: pytest.FixtureRequest, entries: list[Record]) -> Iterator[Filled]:
    alias = f"test-long-{uuid.uuid4().hex[:8]}"
    events: list[Any] = []
    options = IndexOptions(analyzer=request.param)
    report = ingest(client, alias, ENCODER, entries, index_options=options, on_event=events.append)
    version = versions.current(client, alias)
    yield request.param, Searcher(client, version, ENCODER), report, events
    client.indices.delete(index=version.index)


def test_each_is_there_cut_counted_and_named(filled: Filled) -> None:
    _, _, report, events = filled
    assert (report.indexed, report.rejected, report.skipped) == (len(CAPTIONS), 0, {})
    assert report.shortened == {"caption cut": len(CUT)}
    assert {Path(event.path).stem for event in events if isinstance(event, Shortened)} == CUT


@pytest.mark.parametrize("match", ["any", "all", "phrase"])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kind", ["caption", "hybrid"])
def test_a_search_finds_and_marks_them(filled: Filled, kind: Any, exact: bool, match: Any) -> None:
    analyzer, searcher, _, _ = filled
    answer = searcher.search(Query("lime", kind=kind, exact=exact, match=match), Fusion(complete=match != "any"))
    found = {hit.id: hit for hit in answer.hits if "caption" in hit.raw}
    if analyzer in ("keyword", "fingerprint") and not exact:
        return  # a caption is one term there
    assert found.keys() == CAPTIONS.keys()
    for name, hit in found.items():
        assert len(hit.caption.encode()) <= MAX_CAPTION_BYTES
        marked = [text for text, matched in hit.pieces() if matched]
        assert marked[0] == "lime"
        # The Thai tokenizer cuts a word in two where 1,024 characters have no line break.
        assert len(marked) == hit.caption.count("lime") or analyzer == "thai", name


@pytest.mark.parametrize("words", ["car", "x" * 255, "東京", "❤", "lime 999", "lime lime", "é" * 200])
@pytest.mark.parametrize("kind", ["caption", "hybrid"])
def test_other_words_break_nothing(filled: Filled, words: str, kind: Any) -> None:
    for match in ("any", "phrase"):
        filled[1].search(Query(words, kind=kind, match=match))


@pytest.mark.parametrize("analyzer", ["english", "cjk"])
def test_longer_ones_that_are_there_are_found_and_marked_in_front(
    client: opensearchpy.OpenSearch, analyzer: str
) -> None:
    """As an older clipseek stored them."""
    alias = f"test-long-{uuid.uuid4().hex[:8]}"
    options = IndexOptions(analyzer=analyzer)
    made = versions.create(client, alias, fingerprint=ENCODER.fingerprint, dimension=4, options=options)
    try:
        for name, captions in CAPTIONS.items():
            document = {"image_id": name, "caption": "\n".join(captions), "image_vector": [1.0, 0.0, 0.0, 0.0]}
            client.index(index=made.index, id=name, body=document, params={"refresh": "true"})
        searcher = Searcher(client, made, ENCODER)
        for query in (Query("lime", kind="caption"), Query("lime"), Query("lime", exact=True, match="phrase")):
            hits = {hit.id: hit for hit in searcher.search(query).hits}
            assert hits.keys() == CAPTIONS.keys()
            assert {name: ("lime", True) in hit.pieces()[:2] for name, hit in hits.items()} == dict.fromkeys(hits, True)
            assert len(hits["long"].caption) > 2_000_000
    finally:
        client.indices.delete(index=made.index)
