from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Any

import pytest
from clipseek.sources import MalformedSource, MissingColumn, Record, Skipped, SourceError, read_records, read_source

JPEG = b"\xff\xd8 first"


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def test_rows_are_records_and_other_columns_metadata(tmp_path: Path) -> None:
    source = write(
        tmp_path / "pairs.parquet",
        [
            {"image": "a.jpg", "caption": "One", "id": 7, "group": "g", "taken": datetime.date(2020, 1, 2), "n": 1.5},
            {"image": "a.jpg", "caption": "Two", "id": 7, "group": "g", "taken": None, "n": None},
            {"image": "sub/b.jpg", "caption": "Three", "id": 8, "group": None, "taken": None, "n": 2.0},
        ],
    )
    assert list(read_records(source)) == [
        Record("7", tmp_path / "a.jpg", ("One", "Two"), "g", {"taken": "2020-01-02", "n": 1.5}),
        Record("8", tmp_path / "sub" / "b.jpg", ("Three",), None, {"n": 2.0}),
    ]


def test_several_captions_in_a_list(tmp_path: Path) -> None:
    source = write(tmp_path / "pairs.parquet", [{"file": "a.jpg", "words": ["One", "Two"]}])
    (record,) = read_records(source, image_column="file", caption_column="words")
    assert record.captions == ("One", "Two")


def test_a_missing_column_and_an_empty_one_are_said(tmp_path: Path) -> None:
    source = write(tmp_path / "pairs.parquet", [{"file": "a.jpg"}])
    with pytest.raises(MissingColumn, match=r"no column 'image'; the columns are 'file'"):
        list(read_records(source))
    empty = write(tmp_path / "empty.parquet", [{"image": {"bytes": None, "path": None}}])
    with pytest.raises(MalformedSource, match=r"row 1: 'image' must be a text"):
        list(read_records(empty))


@pytest.mark.parametrize("row", [{"image": {"bytes": JPEG, "path": "a.jpg"}}, {"image": JPEG}, {"jpg": JPEG}])
def test_pictures_in_the_table_go_to_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: dict[str, Any]
) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "cache"))
    source = write(tmp_path / "inside.parquet", [{**row, "caption": "a car", "n": 1}])
    (record,) = read_records(source)
    assert (record.captions, record.metadata) == (("a car",), {"n": 1})
    assert record.image.read_bytes() == JPEG
    assert record.image.is_relative_to(tmp_path / "cache")
    assert next(read_records(source)).image == record.image


def test_addresses_of_files_that_are_here(tmp_path: Path) -> None:
    (tmp_path / "pics" / "x").mkdir(parents=True)
    (tmp_path / "pics" / "x" / "a b.jpg").touch()
    rows = [{"URL": "https://host/y/x/a%20b.jpg?w=1", "TEXT": "a car"}]
    rows.append({"URL": (tmp_path / "pics" / "x" / "a b.jpg").as_uri(), "TEXT": "by file"})
    rows.append({"URL": "https://host/z.jpg", "TEXT": "lost"})
    source = write(tmp_path / "laion.parquet", rows)
    first, lost = read_source(source, images=tmp_path / "pics")
    assert isinstance(first, Record)
    assert isinstance(lost, Skipped)
    assert (first.image, first.captions) == (tmp_path / "pics" / "x" / "a b.jpg", ("a car", "by file"))
    assert (lost.kind, lost.captions) == ("file not here", 1)


def test_no_parquet_file(tmp_path: Path) -> None:
    (tmp_path / "pairs.parquet").write_bytes(b"no")
    with pytest.raises(MalformedSource, match="is no Parquet file") as raised:
        list(read_records(tmp_path / "pairs.parquet"))
    assert "\n" not in str(raised.value)


def test_without_pyarrow_the_way_to_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "pairs.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceError, match=r"pip install 'clipseek\[parquet\]'"):
        list(read_records(tmp_path / "pairs.parquet"))
