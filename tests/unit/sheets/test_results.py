"""The page of a search: everything inside it, and nothing of the data taken for markup."""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path

import pytest
from clipseek.opensearch import Query, Searcher, connect
from clipseek.opensearch.ingest.run import ingest
from clipseek.sheets.results import Section, picture_tile, render_sheet, write_sheet
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
    assert "not shown: no such file" in page
    assert not any(word in page for word in ("http:", "https:", 'src="file', "url("))
    write_sheet(tmp_path / "made" / "page.html", "a <title>", [Section("By words", answer)])
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["page.html"]


def test_a_search_without_hits(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    with fake_server() as server:
        ingest(connect(server.url), "pictures", ColourEncoder(), [Record("red", tmp_path / "red.png", ("red",))])
        answer = Searcher.open(connect(server.url), "pictures").search(Query("nothing", kind="caption"))
    assert "nothing found" in render_sheet("x", [Section("None", answer)])


def pictures_that_are_none(folder: Path) -> dict[str, str]:
    """Where an index may say that a picture is, and why it is not shown."""
    huge = folder / "huge.png"
    huge.write_bytes(png(20_000, 20_000))
    (folder / "script.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    os.mkfifo(folder / "pipe")
    (folder / "folder.png").mkdir()
    with (folder / "large.jpg").open("wb") as file:
        file.truncate(300_000_000)
    plain = {"huge.png": "megapixels", "script.eps": "not an image", "pipe": "a named pipe", "folder.png": "a folder"}
    reasons = {(folder / name).as_uri(): reason for name, reason in {**plain, "large.jpg": "300 MB"}.items()}
    reasons["file:///dev/zero"] = "a device"
    reasons["file:///dev/zero/x.jpg#archive=zero&bytes=0-200000000"] = "no regular file"
    reasons[f"{(folder / 'pipe').as_uri()}/x.jpg#archive=pipe&bytes=0-100"] = "no regular file"
    reasons[f"{huge.as_uri()}/x.jpg#archive=huge.png&bytes=0-999999999999"] = "too large"
    return reasons


def test_what_an_index_says_is_a_picture_is_read_within_the_encoders_limits(tmp_path: Path) -> None:
    """None of it is waited for, shown, or handed to another program; each is a tile with its reason."""
    for uri, reason in pictures_that_are_none(tmp_path).items():
        started = time.monotonic()
        tile = picture_tile(uri)
        assert tile.startswith("<small>not shown: "), uri
        assert reason in tile
        assert time.monotonic() - started < 5


def test_a_picture_without_memory_for_it_is_a_tile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")

    def hungry(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("clipseek.sheets.results.open_picture", hungry)
    assert picture_tile((tmp_path / "red.png").as_uri()) == "<small>not shown: MemoryError</small>"


def png(width: int, height: int) -> bytes:
    """A small file of very many pixels, all white."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress((b"\0" + b"\xff" * (width // 8)) * height, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
