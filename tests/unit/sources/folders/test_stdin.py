from __future__ import annotations

import io
from pathlib import Path

import pytest
from clipseek.sources import Record, Source
from clipseek.sources.fields import Columns
from clipseek.sources.folders.stdin import read_paths

COLUMNS = Columns("image", "caption", "id", "group")


@pytest.mark.parametrize("end", [b"\n", b"\0", b"\r\n"])
def test_every_path_is_a_record_with_its_sidecars(tmp_path: Path, end: bytes) -> None:
    for name in ("a b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "a b.txt").write_text("one\ntwo")
    named = end.join([bytes(tmp_path / "a b.jpg"), b"", bytes(tmp_path / "c.jpg"), bytes(tmp_path / "none.jpg")])
    records = [entry for entry in read_paths(COLUMNS, io.BytesIO(named)) if isinstance(entry, Record)]
    assert [record.image for record in records] == [tmp_path / name for name in ("a b.jpg", "c.jpg", "none.jpg")]
    assert [record.captions for record in records] == [("one", "two"), (), ()]


def test_relative_paths_are_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (record,) = read_paths(COLUMNS, io.BytesIO(b"x/a.jpg\n"))
    assert isinstance(record, Record)
    assert record.image == tmp_path / "x/a.jpg"


def test_a_minus_is_stdin() -> None:
    source = Source(Path("-"))
    assert (source.kind, source.repeatable) == ("paths", False)
