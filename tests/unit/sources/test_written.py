"""Manifests as programs and people write them: what is found out, and what is asked instead of guessed."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from clipseek.sources import MalformedSource, Record, Source, SourceError, read_records
from clipseek.sources.manifests.paths import picture_path


def read(path: Path, text: str | bytes, **reading: Any) -> list[Record]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_records(path, **reading))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "image|caption|n\na.png|a, b; c|1\n"),
        ("a.csv", "image | caption | n\na.png| a, b; c| 1\n"),
        ("a.csv", 'image;caption;n\na.png;"a, b; c";1\n'),
        ("a.tsv", 'image,caption,n\na.png,"a, b; c",1\n'),
        ("a.txt", 'image;caption;n\na.png;"a, b; c";1\n'),
        ("a.csv", '"image","caption","n"\n"a.png","a, b; c","1"\n'),
    ],
)
def test_separators(tmp_path: Path, name: str, text: str) -> None:
    (record,) = read(tmp_path / name, text)
    assert (record.image.name, record.captions, record.metadata) == ("a.png", ("a, b; c",), {"n": "1"})


def test_a_named_separator(tmp_path: Path) -> None:
    text = "image,a;b;image;c,d\nx.png,1,y.png,2\n"
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(MalformedSource, match="--separator"):
        list(read_records(tmp_path / "a.csv"))
    (record,) = read(tmp_path / "b.csv", "image,a;b;image;c,d\nx.png;1;y.png;2\n", separator=";")
    assert record.image.name == "y.png"


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_two_columns_need_no_header(tmp_path: Path, name: str) -> None:
    sign = "," if name == "a.csv" else "\t"
    found = read(tmp_path / name, f"a.png{sign}a car\nb.png{sign}a boat\n")
    assert [(record.image.name, record.caption) for record in found] == [("a.png", "a car"), ("b.png", "a boat")]


def test_a_tsv_by_pandas_with_line_breaks_in_cells(tmp_path: Path) -> None:
    rows = ["image\tcaption\tn", 'a.png\t"one\ntwo ""three"""\t1', 'b.png\t"x\n\ny"\t2']
    rows += ['c.png\ta 5" nail\t3', 'd.png\t"Hey\t4', 'e.png\t"Ho" he said\t5\n']
    captions = [record.caption for record in read(tmp_path / "a.tsv", "\n".join(rows))]
    assert captions == ['one\ntwo "three"', "x\n\ny", 'a 5" nail', '"Hey', '"Ho" he said']
    found = read(tmp_path / "b.tsv", 'image\tcaption\na.png\t"one\ntwo"\nb.png\tx\n')
    assert [record.captions for record in found] == [("one\ntwo",), ("x",)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_that_say_what_they_are(tmp_path: Path, encoding: str) -> None:
    text = "image,caption\na.png,the café by the river\nb.png,naïve\n"
    path = tmp_path / "a.csv"
    assert [record.caption for record in read(path, text.encode(encoding))] == ["the café by the river", "naïve"]
    assert [line for line in Source(path).doubts() if "cp1252" in line] == []


def test_cp1252_is_read_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = "image,caption\na.png,plain\nb.png,Größe – “naïve” café’s 5 €\n"
    assert [record.caption for record in read(path, text.encode("cp1252"))] == ["plain", "Größe – “naïve” café’s 5 €"]
    assert "not UTF-8 (line 3), read as cp1252" in Source(path).doubts()[0]
    assert "cp1252" in Source(path).described()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1251", "красная машина"), ("gbk", "红色的车"), ("shift_jis", "赤い車"), ("cp1250", "książki")],
)
def test_other_encodings_are_asked_for(tmp_path: Path, encoding: str, text: str) -> None:
    data = f"image,caption\na.png,{text}\n".encode(encoding)
    with pytest.raises(MalformedSource, match="--encoding"):
        read(tmp_path / "a.csv", data)
    assert [record.caption for record in read(tmp_path / "a.csv", data, encoding=encoding)] == [text]
    with pytest.raises(SourceError, match="is not known"):
        read(tmp_path / "a.csv", data, encoding="klingon")


def test_paths_of_every_style(tmp_path: Path) -> None:
    images = tmp_path / "my pictures"
    (images / "sub").mkdir(parents=True)
    (images / "sub" / "a.png").touch()
    there = images / "sub" / "a.png"
    for name in ("my pictures/sub/a.png", "my pictures\\sub\\a.png", there.as_uri(), str(there)):
        assert picture_path(tmp_path, None, name) == there, name
    for name in (
        "sub/a.png",
        "sub\\a.png",
        "C:\\data\\train\\sub\\a.png",
        "/home/me/data/sub/a.png",
        "file:///C:/x/sub/a.png",
    ):
        assert picture_path(tmp_path, images, name) == there, name
    odd = tmp_path / "back\\slash.png"
    odd.touch()
    assert picture_path(tmp_path, None, "back\\slash.png") == odd
    assert picture_path(tmp_path, images, str(tmp_path / "absent.png")) == images / str(tmp_path / "absent.png").strip(
        "/"
    )


def test_pictures_that_are_elsewhere_are_said_with_the_option(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").touch()
    path = tmp_path / "a.csv"
    assert read(path, "image,caption\na.png,x\n")
    assert any(line.endswith(f"--images {tmp_path / 'images'}") for line in Source(path).doubts())
    assert not Source(path, images=tmp_path / "images").doubts()


def test_what_pandas_made_of_columns_is_what_it_was(tmp_path: Path) -> None:
    rows = ['{"image": "a.png", "id": 12.0, "group": NaN, "caption": NaN, "n": NaN, "big": 12345678901234567890}']
    rows += ['{"image": "b.png", "id": null, "group": 3.0, "captions": ["x", null, NaN], "n": 2.5, "x": null}']
    first, second = read(tmp_path / "a.jsonl", "\n".join(rows))
    assert (first.id, first.group, first.captions, first.metadata) == ("12", None, (), {"big": 12345678901234567890})
    assert (second.id, second.group, second.captions, second.metadata) == (None, "3", ("x",), {"n": 2.5})


def test_floats_of_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = {"image": ["a.png", "b.png"], "id": [7.0, None], "caption": ["x", None], "n": [float("nan"), 1.0]}
    parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
    first, second = read_records(tmp_path / "a.parquet")
    assert (first.id, first.metadata, second.id, second.captions) == ("7", {}, None, ())


@pytest.mark.parametrize(
    ("value", "said"),
    [("12.0", "every id is like '12.0', as pandas writes"), ("1.23457E+18", "as Excel writes long numbers")],
)
def test_ids_that_have_lost_something_are_said(tmp_path: Path, value: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"image,id\na.png,{value}\n")
    (tmp_path / "a.png").touch()
    assert said in Source(path).doubts()[0]


@pytest.mark.parametrize(
    ("how", "captions"), [("lines", ("a red car", "in the sun")), ("whole", ("a red car in the sun",))]
)
def test_a_sidecar_as_lines_or_whole(tmp_path: Path, how: Any, captions: tuple[str, ...]) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "a.txt").write_text("a red car\r\n\r\nin the sun\n")
    (record,) = read_records(tmp_path, sidecar=how)
    assert record.captions == captions
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        for name, content in (("a.png", b"x"), ("a.txt", b"a red car\nin the sun")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (record,) = read_records(tmp_path / "t.tar", sidecar=how)
    assert record.captions == captions


def test_what_is_found_out_is_described(tmp_path: Path) -> None:
    for name, text, said in (
        ("a.csv", "image;caption\nx.png;y\n", "a table, cells apart by ';', UTF-8, columns image, caption"),
        ("a.tsv", "x.png\ty\n", "a table, cells apart by tabs, UTF-8, without a header"),
        ("a.jsonl", json.dumps({"image": "x.png"}), "JSON lines, UTF-8"),
    ):
        (tmp_path / name).write_text(text)
        assert Source(tmp_path / name).described().startswith(said)
