from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from clipseek.sources import MalformedSource, Record, Skipped, SourceNotFound, TarMember, read_records, read_source


def shard(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def records(source: Path, **options: object) -> list[Record]:
    return list(read_records(source, **options))  # type: ignore[arg-type]


def test_files_of_one_name_are_one_sample(tmp_path: Path) -> None:
    source = shard(
        tmp_path / "pairs.tar",
        {
            "a/0001.jpg": b"first",
            "a/0001.txt": b"A red car\nA car\n",
            "a/0001.cls": b"7",
            "a/0002.json": b'{"caption": "A boat", "year": 1999, "id": "boat", "group": "boats"}',
            "a/0002.png": b"second",
        },
    )
    first, second = records(source)
    assert first.captions == ("A red car", "A car")
    assert first.id is None
    assert first.metadata == {"key": "a/0001"}
    assert second.captions == ("A boat",)
    assert (second.id, second.group) == ("boat", "boats")
    assert second.metadata == {"year": 1999, "key": "a/0002"}
    assert [record.image.read_bytes() for record in (first, second)] == [b"first", b"second"]
    assert str(second.image) == str(tmp_path / "pairs.tar" / "a" / "0002.png")
    assert isinstance(second.image, TarMember)
    assert second.image.size == 6
    assert second.image.is_file()


def test_a_folder_of_shards_and_a_range_of_them(tmp_path: Path) -> None:
    for number in (8, 9, 10):
        shard(tmp_path / f"p-{number:03}.tar", {f"{number}.jpg": b"%d" % number, f"{number}.txt": b"word"})
    assert [record.image.read_bytes() for record in records(tmp_path)] == [b"8", b"9", b"10"]
    assert [record.image.read_bytes() for record in records(tmp_path / "p-{009..010}.tar")] == [b"9", b"10"]
    with pytest.raises(SourceNotFound, match=r"p-011\.tar is not there"):
        records(tmp_path / "p-{009..011}.tar")
    (tmp_path / "own.png").write_bytes(b"picture")
    assert [record.image.name for record in records(tmp_path)] == ["own.png"]  # a folder of pictures, with tars in it
    assert len(records(tmp_path, layout="webdataset")) == 3


def test_a_sample_without_a_picture_is_named(tmp_path: Path) -> None:
    source = shard(tmp_path / "pairs.tar", {"1.txt": b"words", "2.jpg": b"picture"})
    skipped, record = read_source(source)
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "a sample without a picture (txt)"
    assert isinstance(record, Record)
    assert record.captions == ()


@pytest.mark.parametrize("content", [b"no tar at all" * 60, b"\x1f\x8b compressed"])
def test_what_is_no_plain_tar_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pairs.tar").write_bytes(content)
    with pytest.raises(MalformedSource, match="is no plain tar") as raised:
        records(tmp_path / "pairs.tar")
    assert "\n" not in str(raised.value)


def test_a_compressed_shard_and_words_in_another_encoding(tmp_path: Path) -> None:
    compressed = shard(tmp_path / "zip.tar", {"1.jpg": b"picture"}, "w:gz")
    with pytest.raises(MalformedSource, match="uncompress it first"):
        records(compressed)
    latin = shard(tmp_path / "latin.tar", {"1.jpg": b"picture", "1.txt": "Käse".encode("latin-1")})
    with pytest.raises(MalformedSource, match=r"1\.txt is not UTF-8 \(byte 1\)"):
        records(latin)


@pytest.mark.parametrize("length", [2560, 3000, 4000])
def test_a_shard_cut_short_yields_what_stands_before_the_cut(tmp_path: Path, length: int) -> None:
    source = shard(tmp_path / "pairs.tar", {"1.jpg": b"x" * 2000, "2.jpg": b"y" * 2000})
    source.write_bytes(source.read_bytes()[:length])
    found: list[object] = []
    with pytest.raises(MalformedSource, match=r"no plain tar|without a tar's end"):
        found.extend(read_source(source))
    assert len(list(zip(range(1), read_source(source), strict=False))) == 1
