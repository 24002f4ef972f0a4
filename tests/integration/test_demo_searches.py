"""The demo's own searches, by its shipped model, over some of its icons on a real server."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import opensearchpy
import pytest
from clipseek.demo.corpus.render import draw
from clipseek.demo.corpus.shipped import read_corpus
from clipseek.demo.story import EXAMPLES
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch.index.inventory import delete_index
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.search.searcher import Searcher
from clipseek.sheets.results import Section, render_sheet
from clipseek.sources import Record

from tests.shipped import ROOT, TUNED

pytestmark = pytest.mark.integration
#: Icons whose captions have one of these words, and some others.
WORDS = ("internet", "connection", "battery", "broken")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def searcher(client: opensearchpy.OpenSearch, pictures: Path) -> Iterator[Searcher]:
    items = [item for item in read_corpus("domain") if item.set in ("lucide", "tabler", "ph", "mdi", "ri")]
    told = [
        item for item in items if set(WORDS) & set(item.caption.lower().replace(":", " ").replace(",", " ").split())
    ]
    named = {one.picture for one in EXAMPLES}
    chosen = [*told, *items[:: len(items) // 300], *(item for item in items if item.id in named)]
    records = []
    for item in {item.id: item for item in chosen}.values():
        path = pictures / f"{item.id}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(draw(item.svg))
        records.append(Record(id=item.id, image=path, captions=(item.caption,), group=item.concept))
    encoder, alias = ClipEncoder(Bundle.load(TUNED), device="cpu"), f"test-demo-{uuid.uuid4().hex[:8]}"
    try:
        ingest(client, alias, encoder, records)
        yield Searcher.open(client, alias, encoder)
    finally:
        delete_index(client, alias)


def test_the_third_search_shows_both_clauses_in_each_of_its_first_hits(searcher: Searcher, pictures: Path) -> None:
    third = EXAMPLES[2]
    assert third.text == "no internet connection"
    answer = searcher.search(third.query(pictures), page=Page(12))
    assert answer.plan.complete
    for hit in answer.hits[:6]:
        assert hit.shares.keys() == {"caption", "vector"}
        assert min(hit.shares.values()) > 0.2, (hit.id, hit.shares)
    assert len({hit.score for hit in answer.hits[:6]}) == 6  # no ties
    page = render_sheet("demo", [Section(third.title, answer)])
    assert third.title in page
    assert "two lists" not in page


def test_every_other_search_of_the_demo_finds_what_it_is_about(searcher: Searcher, pictures: Path) -> None:
    first = {one.title: searcher.search(one.query(pictures), page=Page(4)).hits for one in EXAMPLES}
    by_caption, by_vector, _, by_picture, by_both = first.values()
    assert all("attery" in hit.caption for hit in (*by_caption, *by_vector[:1]))
    assert by_picture[0].id == "lucide/shopping-cart"
    assert by_both[0].shares.keys() == {"caption", "vector"}
    assert "roken" in by_both[0].caption


def test_the_guides_picture_of_a_complete_hybrid_is_drawn_from_such_searches(
    searcher: Searcher, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    script = importlib.import_module("complete_picture")
    query, page = EXAMPLES[2].query(pictures), Page(script.HITS, group_duplicates=True)
    lists, complete = (searcher.search(query, Fusion(complete=way), page) for way in (False, True))
    assert script.candidates(lists) == script.candidates(complete)
    icons = {item.id: item for item in read_corpus("domain")}
    drawn = ElementTree.fromstring("\n".join(script.drawing(query.text, lists, complete, icons)))
    circles = [one for one in drawn.iter("{http://www.w3.org/2000/svg}circle") if one.get("r") in ("4", "12")]
    assert len(circles) == 2 * len(script.candidates(complete))
    # In two lists a candidate of one alone lies on an axis; complete, all that have any of the words lie off them.
    assert len(lists.normal["caption"].keys() & lists.normal["vector"].keys()) < len(complete.normal["caption"])
    assert complete.normal["vector"].keys() == script.candidates(complete)
