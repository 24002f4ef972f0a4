from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Any

import pytest
from clipseek.sources import MalformedSource, MissingColumn, Record, SourceError, read_records


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


def test_a_missing_column_and_pictures_inside_are_said(tmp_path: Path) -> None:
    source = write(tmp_path / "pairs.parquet", [{"file": "a.jpg"}])
    with pytest.raises(MissingColumn, match=r"no column 'image'; the columns are 'file'"):
        list(read_records(source))
    inside = write(tmp_path / "inside.parquet", [{"image": {"bytes": b"x", "path": None}}])
    with pytest.raises(MalformedSource, match=r"row 1: 'image' holds the picture's bytes"):
        list(read_records(inside))


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
