"""The page of a search: everything inside it, and nothing of the data taken for markup."""

from __future__ import annotations

from pathlib import Path

from clipseek.opensearch import Query, Searcher, connect
from clipseek.opensearch.ingest.run import ingest
from clipseek.sheets.results import Section, render_sheet, write_sheet
from clipseek.sources import Record
from clipseek.testing import ColourEncoder, fake_server
from PIL import Image


def test_the_page_of_a_search(tmp_path: Path) -> None:
    for colour in ("red", "blue", "green"):
        Image.new("RGB", (300, 200), colour).save(tmp_path / f"{colour}.png")
    records = [
        Record(f"<{name}>", tmp_path / f"{name}.png", (f"<b>{name}</b> car",)) for name in ("red", "blue", "green")
    ]
    with fake_server() as server:
        client = connect(server.url)
        ingest(client, "pictures", ColourEncoder(), records)
        (tmp_path / "green.png").unlink()
        answer = Searcher.open(client, "pictures", ColourEncoder()).search(Query("<i>red</i> car"))
    page = render_sheet("a <title>", [Section("By words", answer, "clipseek search '<i>'")], intro="<pre>")
    for text in (
        "a &lt;title&gt;",
        "&lt;b&gt;red&lt;/b&gt;",
        "&lt;red&gt;",
        "clipseek search &#x27;&lt;i&gt;&#x27;",
        "&lt;pre&gt;",
    ):
        assert text in page
    assert "<b>red" not in page
    assert "<i>red" not in page
    assert page.count("data:image/webp;base64,") == 2
    assert "the file is no longer there" in page
    assert not any(word in page for word in ("http:", "https:", 'src="file', "url("))
    write_sheet(tmp_path / "made" / "page.html", "a <title>", [Section("By words", answer)])
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["page.html"]


def test_a_search_without_hits(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    with fake_server() as server:
        ingest(connect(server.url), "pictures", ColourEncoder(), [Record("red", tmp_path / "red.png", ("red",))])
        answer = Searcher.open(connect(server.url), "pictures").search(Query("nothing", kind="caption"))
    assert "nothing found" in render_sheet("x", [Section("None", answer)])
