from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from clipseek.sources import MalformedSource, MissingColumn, SourceError, SourceNotFound, read_records
from clipseek.sources.data_sets.hub import is_hub, read_hub
from clipseek.sources.fields import Columns
from clipseek.sources.splits import EVERY

JPEG = b"\xff\xd8 first"


class Hub:
    """A hub with one data set."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows, self.asked = rows, list[tuple[str, str]]()

    def __call__(self, name: str, split: str, image: str) -> tuple[Iterable[Mapping[str, Any]], list[str]]:
        self.asked.append((name, split))
        return iter(self.rows), list(self.rows[0])


def test_pictures_go_to_the_cache_once(tmp_path: Path) -> None:
    hub = Hub(
        [
            {"image": {"bytes": JPEG, "path": "a.jpg"}, "text": "A car", "year": 1999},
            {"image": {"bytes": b"\x89PNG second", "path": None}, "text": ["A boat", "Boat"], "year": None},
        ]
    )
    columns = Columns(caption="text")
    first, second = read_hub(Path("hub:owner/pairs:test"), columns, tmp_path, EVERY, hub)
    assert hub.asked == [("owner/pairs", "test")]
    assert (first.id, first.captions, first.metadata) == (
        "owner/pairs:test-0",
        ("A car",),
        {"year": 1999, "split": "test"},
    )
    assert (second.id, second.captions, second.metadata) == (
        "owner/pairs:test-1",
        ("A boat", "Boat"),
        {"split": "test"},
    )
    assert first.image == tmp_path / "hub" / "owner--pairs" / "test" / "00000000.jpg"
    assert [record.image.read_bytes() for record in (first, second)] == [JPEG, b"\x89PNG second"]
    written = first.image.stat().st_mtime_ns
    assert (
        next(read_hub(Path("hub:owner/pairs:test"), columns, tmp_path, EVERY, hub)).image.stat().st_mtime_ns == written
    )
    assert {path.suffix for path in first.image.parent.iterdir()} == {".jpg", ".png"}
    assert next(read_hub(Path("hub:pairs:train"), columns, tmp_path, EVERY, hub)).id == "pairs:train-0"


def test_what_is_wrong_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingColumn, match=r"no column 'image'; the columns are 'file'"):
        list(read_hub(Path("hub:a/b:train"), Columns(), tmp_path, EVERY, Hub([{"file": 1}])))
    with pytest.raises(MalformedSource, match="row 0: 'image' holds no picture"):
        list(read_hub(Path("hub:a/b:train"), Columns(), tmp_path, EVERY, Hub([{"image": "a.jpg"}])))
    with pytest.raises(SourceNotFound, match="write hub:owner/name"):
        list(read_hub(Path("hub:a/b/c/d"), Columns(), tmp_path, EVERY, Hub([{}])))
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SourceError, match="pip install datasets"):
        list(read_records(Path("hub:a/b")))


def test_a_file_of_that_name_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "hub:a.tsv").write_text("image\tcaption\nx.png\tword\n")
    assert not is_hub(tmp_path / "hub:a.tsv")
    assert is_hub(Path("hub:a/b"))
