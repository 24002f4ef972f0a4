"""What img2dataset downloads, and what ``datasets`` saves to disk."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from clipseek.sources import Record, Skipped, Source, read_records, read_source

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
JPEG = b"\xff\xd8 picture"


def rows() -> list[dict[str, Any]]:
    good = {
        "url": "https://host/a.jpg",
        "caption": "a car",
        "key": "000000000",
        "status": "success",
        "error_message": None,
    }
    bad = {"url": "https://host/b.jpg", "caption": "a boat", "key": "000000001", "status": "failed_to_download"}
    return [good, {**bad, "error_message": "HTTP Error 404"}]


def beside(home: Path, rows: list[dict[str, Any]]) -> None:
    parquet.write_table(pyarrow.Table.from_pylist(rows), home / "00000.parquet")
    (home / "00000_stats.json").write_text('{"count": 2, "successes": 1}')


def as_files(home: Path) -> None:
    beside(home, rows())
    (home / "00000").mkdir()
    (home / "00000" / "000000000.jpg").write_bytes(JPEG)
    (home / "00000" / "000000000.txt").write_text("a car")
    (home / "00000" / "000000000.json").write_text(json.dumps(rows()[0]))


def as_tar(home: Path) -> None:
    beside(home, rows())
    with tarfile.open(home / "00000.tar", "w") as archive:
        for name, content in (("jpg", JPEG), ("json", json.dumps(rows()[0]).encode()), ("txt", b"a car")):
            member = tarfile.TarInfo(f"000000000.{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def as_parquet(home: Path) -> None:
    good, bad = rows()
    beside(home, [{**good, "jpg": JPEG}, {**bad, "jpg": None}])


def without_figures(home: Path) -> None:
    as_tar(home)
    (home / "00000_stats.json").unlink()


@pytest.mark.parametrize("write", [as_files, as_tar, as_parquet, without_figures])
def test_every_output_of_img2dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Any) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "set"
    home.mkdir()
    write(home)
    assert "img2dataset" in (Source(home).recognised or "")
    entries = list(read_source(home))
    (record,) = [entry for entry in entries if isinstance(entry, Record)]
    assert record.captions == ("a car",)
    assert record.image.read_bytes() == JPEG
    (lost,) = [entry for entry in entries if isinstance(entry, Skipped)]
    assert (lost.kind, lost.captions) == ("not downloaded", 1)
    assert "failed_to_download: HTTP Error 404" in lost.reason


def test_its_table_alone_finds_the_files(tmp_path: Path) -> None:
    as_files(tmp_path)
    record, lost = read_source(tmp_path / "00000.parquet")
    assert isinstance(record, Record)
    assert isinstance(lost, Skipped)
    assert (record.image, record.captions) == (tmp_path / "00000" / "000000000.jpg", ("a car",))


def save(folder: Path, rows: list[dict[str, Any]]) -> None:
    """As ``Dataset.save_to_disk`` writes it."""
    folder.mkdir(parents=True)
    table = pyarrow.Table.from_pylist(rows)
    name = str(folder / "data-00000-of-00001.arrow")
    with pyarrow.OSFile(name, "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    (folder / "dataset_info.json").write_text("{}")


def test_saved_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "cache"))
    one = [{"image": {"bytes": JPEG, "path": None}, "text": "a car", "label": 3}]
    save(tmp_path / "one", one)
    (record,) = read_records(tmp_path / "one")
    assert (record.captions, record.metadata, record.image.read_bytes()) == (("a car",), {"label": 3}, JPEG)
    for split in ("train", "test"):
        save(tmp_path / "both" / split, [{**one[0], "text": split}])
    (tmp_path / "both" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    found = {record.split: record.captions for record in read_records(tmp_path / "both")}
    assert found == {"train": ("train",), "test": ("test",)}
    assert "datasets saved" in (Source(tmp_path / "both").recognised or "")


@pytest.mark.parametrize("below", ["", "data"])
def test_a_folder_of_tables_with_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "set"
    (home / below).mkdir(parents=True)
    for number, text in enumerate(("a car", "a boat")):
        row = {"image": {"bytes": JPEG + text.encode(), "path": None}, "text": text}
        parquet.write_table(pyarrow.Table.from_pylist([row]), home / below / f"train-0000{number}-of-00002.parquet")
    (home / "README.md").write_text("of the data set")
    entries = list(read_source(home))
    records = [entry for entry in entries if isinstance(entry, Record)]
    assert [(record.captions, record.image.read_bytes()) for record in records] == [
        (("a car",), JPEG + b"a car"),
        (("a boat",), JPEG + b"a boat"),
    ]
    assert [entry.path.name for entry in entries if isinstance(entry, Skipped)] == ["README.md"]
    assert "Parquet" in (Source(home).recognised or "")


def test_a_folder_of_tables_of_addresses(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "b.txt").write_text("beside it")
    rows = [{"URL": f"https://host/x/{name}?w=1", "TEXT": name} for name in ("a.jpg", "b.jpg", "c.jpg")]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "part-0.parquet")
    entries = list(read_source(tmp_path))
    records = [entry for entry in entries if isinstance(entry, Record)]
    assert {record.image.name: record.captions for record in records} == {
        "a.jpg": ("a.jpg",),
        "b.jpg": ("b.jpg", "beside it"),
    }
    assert [(entry.kind, entry.captions) for entry in entries if isinstance(entry, Skipped)] == [("file not here", 1)]
