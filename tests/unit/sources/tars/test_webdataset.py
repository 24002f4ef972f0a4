from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from clipseek.opensearch.index.image_uri import image_path, image_uri
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
def test_what_is_no_tar_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pairs.tar").write_bytes(content)
    with pytest.raises(MalformedSource, match="is no tar, or one that is cut short") as raised:
        records(tmp_path / "pairs.tar")
    assert "\n" not in str(raised.value)


def test_words_in_another_encoding(tmp_path: Path) -> None:
    latin = shard(tmp_path / "latin.tar", {"1.jpg": b"picture", "1.txt": "Käse".encode("latin-1")})
    with pytest.raises(MalformedSource, match=r"1\.txt is not UTF-8 \(byte 1\)"):
        records(latin)


@pytest.mark.parametrize("length", [2560, 3000, 4000])
def test_a_shard_cut_short_yields_what_stands_before_the_cut(tmp_path: Path, length: int) -> None:
    source = shard(tmp_path / "pairs.tar", {"1.jpg": b"x" * 2000, "2.jpg": b"y" * 2000})
    source.write_bytes(source.read_bytes()[:length])
    found: list[object] = []
    with pytest.raises(MalformedSource, match=r"no tar|without a tar's end"):
        found.extend(read_source(source))
    assert len(list(zip(range(1), read_source(source), strict=False))) == 1


def packed(path: Path, members: list[tuple[str, bytes | str]], **options: int) -> Path:
    """A tar of (name, bytes); a text instead is a symbolic link's target, or a hard link's after ``=``."""
    with tarfile.open(path, "w", **options) as archive:  # type: ignore[call-overload]
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type = tarfile.LNKTYPE if content.startswith("=") else tarfile.SYMTYPE
                member.linkname = content.removeprefix("=")
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def outcome(source: Path) -> tuple[list[tuple[bytes, tuple[str, ...]]], dict[str, str]]:
    """(picture, captions) of the records, and name -> kind of what is skipped."""
    entries = list(read_source(source))
    found = [(entry.image.read_bytes(), entry.captions) for entry in entries if isinstance(entry, Record)]
    return found, {entry.path.name: entry.kind for entry in entries if isinstance(entry, Skipped)}


TWIN = b"\x00\x05\x16\x07" + bytes(100)


def test_a_tar_made_on_a_mac(tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = []
    for number in range(3):
        for ending, content in (("jpg", b"picture %d" % number), ("txt", b"caption %d" % number)):
            members += [(f"./._000{number}.{ending}", TWIN), (f"./000{number}.{ending}", content)]
    found, skipped = outcome(packed(tmp_path / "a.tar", [*members, ("__MACOSX/0001.jpg", TWIN)]))
    assert found == [(b"picture %d" % number, (f"caption {number}",)) for number in range(3)]
    assert set(skipped.values()) == {"made by a system"}
    assert len(skipped) == 7


@pytest.mark.parametrize("order", ["0.jpg 1.jpg 0.txt 1.txt", "0.txt 1.txt 1.jpg 0.jpg", "0.jpg 1.txt 1.jpg 0.txt"])
def test_files_of_a_sample_apart(tmp_path: Path, order: str) -> None:
    found, skipped = outcome(packed(tmp_path / "a.tar", [(name, name.encode()) for name in order.split()]))
    assert sorted(found) == [(b"0.jpg", ("0.txt",)), (b"1.jpg", ("1.txt",))]
    assert not skipped


def test_a_key_that_comes_again_is_another_sample(tmp_path: Path) -> None:
    source = packed(
        tmp_path / "a.tar", [("0.jpg", b"A"), ("0.txt", b"a"), ("0.jpg", b"B"), ("0.txt", b"b"), ("0.txt", b"c")]
    )
    found, skipped = outcome(source)
    assert found == [(b"A", ("a",)), (b"B", ("b",))]
    assert skipped == {"0": "no picture"}


def test_links_stand_for_what_they_lead_to(tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = [
        ("x/0.jpg", b"A"),
        ("x/0.txt", b"a"),
        ("x/1.jpg", "=x/0.jpg"),
        ("x/1.txt", b"hard"),
        ("y/2.jpg", "../x/0.jpg"),
        ("y/2.txt", "../x/1.txt"),
        ("y/3.jpg", "2.jpg"),
        ("y/4.jpg", "/etc/passwd"),
        ("y/5.jpg", "5.jpg"),
    ]
    found, skipped = outcome(packed(tmp_path / "a.tar", members))
    assert found == [(b"A", ("a",)), (b"A", ("hard",)), (b"A", ("hard",)), (b"A", ())]
    assert skipped == {"4.jpg": "not a file", "5.jpg": "not a file"}


def test_of_two_pictures_in_a_sample_the_other_is_named(tmp_path: Path) -> None:
    found, skipped = outcome(
        packed(tmp_path / "a.tar", [("0.mask.png", b"mask"), ("0.jpg", b"A"), ("0.jpg.txt", b"a")])
    )
    assert found == [(b"A", ("a",))]
    assert skipped == {"0.mask.png": "second picture of a sample"}


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_and_those_beyond_ascii(tmp_path: Path, form: int) -> None:
    name = "größe 名前/" * 30 + "0"
    found, skipped = outcome(packed(tmp_path / "a.tar", [(f"{name}.jpg", b"A"), (f"{name}.txt", b"a")], format=form))
    assert (found, skipped) == ([(b"A", ("a",))], {})


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs tar")
@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_sparse_picture_is_never_read_from_the_wrong_bytes(tmp_path: Path, form: str) -> None:
    with (tmp_path / "0.jpg").open("wb") as stream:
        stream.seek(1 << 20)
        stream.write(b"end")
    with (tmp_path / "0.txt").open("wb") as stream:
        stream.write(b"a caption" + b"\n" * 8)
    (tmp_path / "1.jpg").write_bytes(b"B")
    command = ["tar", f"--format={form}", "-S", "-cf", "a.tar", "0.jpg", "0.txt", "1.jpg"]
    subprocess.run(command, cwd=tmp_path, check=True)
    found, skipped = outcome(tmp_path / "a.tar")
    assert found == [(b"B", ())]
    assert skipped == {"0.jpg": "sparse file"}


PACK: dict[str, Callable[[bytes], bytes]] = {
    "b.tar.gz": gzip.compress,
    "b.tgz": gzip.compress,
    "b.TAR.BZ2": bz2.compress,
    "b.tar.xz": lzma.compress,
    "b.tar.zst": zstandard.ZstdCompressor().compress,
    "b.tar": gzip.compress,  # by what it holds, not by its name
}


@pytest.mark.parametrize("name", PACK)
def test_a_compressed_tar_is_read_as_it_is_unpacked(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "cache"))
    members: list[tuple[str, bytes | str]] = [
        ("0.txt", b"a"),
        ("1.jpg", b"B"),
        ("._0.jpg", b"mac"),
        ("0.jpg", b"A"),
        ("2.txt", b"lost"),
        ("1.txt", b"b"),
        ("hard.png", "=1.jpg"),
    ]
    home = tmp_path / "home"
    home.mkdir()
    plain = packed(tmp_path / "plain.tar", members)
    (home / name).write_bytes(PACK[name](plain.read_bytes()))
    assert outcome(home / name) == outcome(plain)
    assert outcome(home) == outcome(plain)
    first = next(entry for entry in read_source(home) if isinstance(entry, Record))
    assert isinstance(first.image, TarMember)
    assert (first.image.archive, first.image.name) == (home / name, "0.jpg")
    again = image_path(image_uri(first.image))
    assert again is not None
    assert again.read_bytes() == b"A"
    (home / name).rename(home / f"c-1{name[1:]}")
    assert len(records(home / ("c-{1..1}" + name[1:]))) == 3


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("b.tar.gz", gzip.compress(bytes(3000))[:-9], "broken or cut short"),
        ("b.tar.lz4", b"\x04\x22\x4d\x18" + bytes(9), "LZ4"),
    ],
)
def test_one_that_cannot_be_unpacked_is_named_by_itself_and_among_others(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    packed(tmp_path / "a.tar", [("0.jpg", b"A"), ("0.txt", b"a")])
    (tmp_path / name).write_bytes(content)
    (tmp_path / "stats.json").write_text("{}")
    found, skipped = outcome(tmp_path)
    assert found == [(b"A", ("a",))]
    assert skipped == {name: "shard not unpacked", "stats.json": "not a shard"}
    with pytest.raises(MalformedSource, match=reason):
        records(tmp_path / name)


def test_a_compressed_archive_beside_its_unpacked_folder_is_no_shard(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.jpg").write_bytes(b"A")
    packed(tmp_path / "plain", [("0.jpg", b"A")])
    (tmp_path / "pictures.tar.gz").write_bytes(gzip.compress((tmp_path / "plain").read_bytes()))
    found, skipped = outcome(tmp_path)
    assert found == [(b"A", ())]
    assert skipped == {"plain": "not an image", "pictures.tar.gz": "not an image"}


def test_a_caption_that_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = [("0.jpg", b"A"), ("0.txt", b"K\xe4se"), ("1.jpg", b"B"), ("1.txt", b"b")]
    found, skipped = outcome(packed(tmp_path / "a.tar", members))
    assert found == [(b"B", ("b",))]
    assert skipped == {"0": "unreadable caption"}


def test_a_json_without_a_caption_is_named(tmp_path: Path) -> None:
    found, skipped = outcome(packed(tmp_path / "a.tar", [("0.jpg", b"A"), ("0.json", b'{"url": "x"}')]))
    assert found == [(b"A", ())]
    assert skipped == {"0.json": "caption not understood"}


def test_a_key_is_the_same_composed_or_not(tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = [("é.jpg", b"A"), ("e\u0301.txt", b"a")]
    assert outcome(packed(tmp_path / "a.tar", members)) == ([(b"A", ("a",))], {})
