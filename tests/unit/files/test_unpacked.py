from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from clipseek.files import unpacked as module
from clipseek.files.unpacked import NotUnpacked, compression_of, opened, unpacked

CONTENT = os.urandom(5000) + bytes(100_000) + b"the end"
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": zstandard.ZstdCompressor(write_checksum=True).compress,
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("kind", PACK)
def test_it_is_unpacked_once_whatever_its_name(tmp_path: Path, cache: Path, kind: str) -> None:
    file = tmp_path / "a.tar"
    file.write_bytes(
        PACK[kind](CONTENT[:3000]) + PACK[kind](CONTENT[3000:])
    )  # written one after the other, as pigz does
    assert compression_of(file.read_bytes()) == kind
    with opened(file) as stream:
        stream.seek(100_000)
        assert stream.read() == CONTENT[100_000:]
    first = unpacked(file)
    before = first.stat().st_mtime_ns
    assert unpacked(file) == first
    assert first.stat().st_mtime_ns == before
    file.write_bytes(PACK[kind](b"other"))
    assert unpacked(file).read_bytes() == b"other"
    assert not [path for path in cache.rglob("*") if "part" in path.name]


@pytest.mark.parametrize("kind", PACK)
def test_one_that_is_cut_short_or_broken_leaves_nothing_behind(tmp_path: Path, cache: Path, kind: str) -> None:
    whole = PACK[kind](CONTENT)
    middle = len(whole) // 2
    for number, data in enumerate((whole[:-4], whole[:middle] + bytes(40) + whole[middle + 40 :])):
        file = tmp_path / f"{number}"
        file.write_bytes(data)
        with pytest.raises(NotUnpacked, match="is broken or cut short after") as raised:
            unpacked(file)
        assert "\n" not in str(raised.value)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_what_is_not_compressed_is_itself(tmp_path: Path) -> None:
    file = tmp_path / "a.tar.gz"  # as a browser leaves it that has unpacked it
    file.write_bytes(b"BZh9.jpg" + bytes(249) + b"ustar" + bytes(300))
    assert unpacked(file) == file
    file.write_bytes(b"BZh9 without the magic of a block")
    assert unpacked(file) == file


def test_a_bomb_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGE", 1 << 21)
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(1 << 24)))
    with pytest.raises(NotUnpacked, match="more than 200 times its size"):
        unpacked(tmp_path / "a.gz")


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"\x04\x22\x4d\x18" + bytes(20))
    with pytest.raises(NotUnpacked, match="LZ4"):
        unpacked(tmp_path / "a")
    (tmp_path / "b").write_bytes(PACK["Zstandard"](b"x"))
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    with pytest.raises(NotUnpacked, match=r"pip install 'clipseek\[formats\]'"):
        unpacked(tmp_path / "b")
    (tmp_path / "file").touch()
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "file"))
    (tmp_path / "c").write_bytes(PACK["gzip"](b"x"))
    with pytest.raises(NotUnpacked, match="CLIPSEEK_CACHE names another folder"):
        unpacked(tmp_path / "c")
