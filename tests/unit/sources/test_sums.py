"""Every source: entries in are records or skipped with a reason, captions in are those of records or counted as lost."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from clipseek.sources import Record, Skipped, read_source
from clipseek.sources.captions import shows

BLANK = "\u200b\u2060"
#: Pictures and their captions, one of which shows nothing: five captions.
PAIRS = {"a.jpg": ["a red car", "a car"], "b.jpg": ["a boat", BLANK], "c.jpg": ["x\u2028y"]}
CAPTIONS = 5


def folder(home: Path) -> tuple[Path, int, int]:
    """The source; its entries beside the records; its captions beside those of PAIRS."""
    for number, (name, texts) in enumerate(PAIRS.items()):
        (home / name).touch()
        (home / [f"{name}.TXT", "b.Txt", "c.txt"][number]).write_text("\n".join(texts), "utf-8")
    (home / "._a.jpg").touch()
    (home / "._a.txt").write_text("of a twin")
    (home / "alone.txt").write_text("one\ntwo")
    (home / "notes.doc").touch()
    return home, 4, 2


def tar(home: Path) -> tuple[Path, int, int]:
    members = {name: b"picture" for name in PAIRS}
    members |= {f"{name[0]}.txt": "\n".join(texts).encode() for name, texts in PAIRS.items()}
    members |= {"._a.jpg": b"twin", "._a.txt": b"twin", "alone.txt": b"one\ntwo", "a.mask.png": b"mask"}
    with tarfile.open(home / "a.tar", "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return home / "a.tar", 4, 2


def jsonl(home: Path) -> tuple[Path, int, int]:
    rows = [json.dumps({"image": name, "caption": text}) for name, texts in PAIRS.items() for text in texts]
    (home / "a.jsonl").write_text("\n".join(rows))
    return home / "a.jsonl", 0, 0


def imagefolder(home: Path) -> tuple[Path, int, int]:
    rows = [json.dumps({"file_name": name, "text": text}) for name, texts in PAIRS.items() for text in texts]
    (home / "metadata.jsonl").write_text("\n".join([*rows[1:], rows[0]]))
    for name in (*PAIRS, "._a.jpg"):
        (home / name).touch()
    return home, 1, 0


def flickr(home: Path) -> tuple[Path, int, int]:
    rows = [f"{name}| {number}| {text}" for name, texts in PAIRS.items() for number, text in enumerate(texts)]
    (home / "results.csv").write_text("\n".join(["image_name| comment_number| comment", *rows]), "utf-8")
    for name in PAIRS:
        (home / name).touch()
    return home, 0, 0


def coco(home: Path) -> tuple[Path, int, int]:
    (home / "annotations").mkdir()
    (home / "val2017").mkdir()
    images = [{"id": name, "file_name": name} for name in PAIRS]
    rows = [{"image_id": name, "caption": text} for name, texts in PAIRS.items() for text in texts]
    rows += [{"image_id": "absent", "caption": "of nothing"}] * 2
    (home / "annotations" / "captions_val2017.json").write_text(json.dumps({"images": images, "annotations": rows}))
    for name in PAIRS:
        (home / "val2017" / name).touch()
    return home, 1, 2


@pytest.mark.parametrize("write", [folder, tar, jsonl, imagefolder, flickr, coco])
def test_nothing_is_lost_without_a_word(tmp_path: Path, write: Callable[[Path], tuple[Path, int, int]]) -> None:
    source, others, more = write(tmp_path)
    entries = list(read_source(source))
    records = [entry for entry in entries if isinstance(entry, Record)]
    skipped = [entry for entry in entries if isinstance(entry, Skipped)]
    assert {record.image.name: set(record.captions) for record in records} == {
        name: set(texts) - {BLANK} for name, texts in PAIRS.items()
    }
    assert [entry.captions for entry in skipped if entry.kind == "caption that shows nothing"] == [1]
    assert len(skipped) == others + 1
    assert all(entry.reason for entry in skipped)
    searchable = sum(len(record.captions) for record in records)
    assert searchable + sum(entry.captions for entry in skipped) == CAPTIONS + more


@pytest.mark.parametrize(
    "text", ["", " \t\u3000", "\u200b", "\ufeff\u2060\u00ad", "\u0301\u20dd", "\u3164\u115f", "\u2800", "\ufffc"]
)
def test_what_shows_nothing(text: str) -> None:
    assert not shows(text)


@pytest.mark.parametrize("text", ["a", ".", "é", "e\u0301", "名", "🎈", "\u200ba", "-", "7", "\ue000"])
def test_what_shows(text: str) -> None:
    assert shows(text)
