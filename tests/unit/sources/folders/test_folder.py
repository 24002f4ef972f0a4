from __future__ import annotations

import os
from pathlib import Path

import pytest
from clipseek.sources import (
    MalformedSource,
    Record,
    Skipped,
    SourceNotFound,
    iter_files,
    picture_files,
    read_records,
    read_source,
    shown,
)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def names(folder: Path, paths: list[Path]) -> list[str]:
    return [shown(path.relative_to(folder)) for path in paths]


def test_pictures_by_suffix_in_a_steady_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.PNG", "a.jpeg", "sub/deep/c.webp", "sub/b.tiff", "größe 名前.gif", "z.heic")
    found = [record.image for record in read_records(tmp_path)]
    assert names(tmp_path, found) == ["a.jpeg", "b.PNG", "größe 名前.gif", "z.heic", "sub/b.tiff", "sub/deep/c.webp"]
    assert list(iter_files(tmp_path)) == found


def test_what_is_no_picture_is_skipped_with_a_reason(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "notes.txt", "song.mp3", ".git/x.png", "trap.jpg/in.png")
    (tmp_path / "round").symlink_to(tmp_path)
    skipped = {entry.path.name: entry.reason for entry in read_source(tmp_path) if isinstance(entry, Skipped)}
    assert skipped == {
        "notes.txt": "no picture of this name beside it",
        "song.mp3": "not an image",
        ".git": "a hidden folder, not entered; ingest it by itself if it holds pictures",
        "trap.jpg": "a folder with a picture's name; what it holds is read",
        "round": "a link to a folder, not followed; ingest the folder itself",
    }
    assert names(tmp_path, [record.image for record in read_records(tmp_path)]) == ["a.png", "trap.jpg/in.png"]
    # iter_files yields everything that is no folder, whatever it is.
    assert names(tmp_path, list(iter_files(tmp_path))) == ["a.png", "notes.txt", "song.mp3", "trap.jpg/in.png"]


def test_captions_beside_the_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.JPG", "c.png", "d.png", "e.png")
    (tmp_path / "a.txt").write_text("\ufeffone\n\n  two \n", "utf-8")
    (tmp_path / "b.caption").write_text("words", "utf-8")
    (tmp_path / "c.json").write_text('{"captions": ["x", "y"], "id": "c1", "group": 4, "year": 1999}', "utf-8")
    (tmp_path / "d.png.txt").write_text("of d.png", "utf-8")
    (tmp_path / "d.txt").write_text("of any d", "utf-8")
    entries = list(read_source(tmp_path))
    assert entries == [
        Record(None, tmp_path / "a.jpg", ("one", "two")),
        Record(None, tmp_path / "b.JPG", ("words",)),
        Record("c1", tmp_path / "c.png", ("x", "y"), "4", {"year": 1999}),
        Record(None, tmp_path / "d.png", ("of d.png", "of any d")),
        Record(None, tmp_path / "e.png"),
    ]
    assert [record.caption for record in read_records(tmp_path)] == ["one", "words", "x", "of d.png", ""]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"caf\xe9", "a.txt is not UTF-8"),
        ("a.json", b"{", "a.json: not JSON"),
        ("a.json", b'["x"]', "a.json: a list where a JSON object"),
    ],
)
def test_a_broken_caption_is_listed_by_ingest_and_stops_a_strict_reader(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    touch(tmp_path, "a.png", "b.png")
    (tmp_path / name).write_bytes(content)
    first, second = read_source(tmp_path)
    assert isinstance(first, Skipped)
    assert said in first.reason
    assert isinstance(second, Record)
    with pytest.raises(MalformedSource, match=said):
        list(read_records(tmp_path))


def test_a_caption_that_is_a_pipe_does_not_block(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    os.mkfifo(tmp_path / "a.txt")
    (entry,) = read_source(tmp_path)
    assert isinstance(entry, Skipped)
    assert "no regular file" in entry.reason


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).write_bytes(b"")
    (record,) = read_records(tmp_path)
    assert shown(record.image) == f"{tmp_path}/caf\\xe9.png"


def test_links_to_files_are_files(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "b.png").symlink_to("a.png")
    (tmp_path / "c.png").symlink_to("nowhere")
    (tmp_path / "d.png").symlink_to("d.png")
    assert names(tmp_path, [record.image for record in read_records(tmp_path)]) == ["a.png", "b.png", "c.png", "d.png"]


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="nope cannot be read as a folder"):
        list(iter_files(tmp_path / "nope"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_closed_folder_is_skipped(tmp_path: Path) -> None:
    touch(tmp_path, "shut/a.png", "b.png")
    (tmp_path / "shut").chmod(0)
    try:
        entries = list(read_source(tmp_path))
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert [type(entry) for entry in entries] == [Record, Skipped]
    assert "Permission denied" in getattr(entries[1], "reason", "")


def test_the_pictures_of_a_folder_and_a_file_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    for name in ("a.jpg", "notes.txt", "inside/B.PNG"):
        (tmp_path / name).touch()
    assert list(picture_files(tmp_path)) == [tmp_path / "a.jpg", tmp_path / "inside" / "B.PNG"]
    assert list(picture_files(tmp_path / "notes.txt")) == [tmp_path / "notes.txt"]


def test_a_scan_without_an_ending_is_a_picture_by_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "IM000001").write_bytes(bytes(128) + b"DICM" + bytes(64))
    (tmp_path / "README").write_bytes(bytes(200))
    os.mkfifo(tmp_path / "PIPE")
    entries = list(read_source(tmp_path))
    assert [entry.image.name for entry in entries if isinstance(entry, Record)] == ["IM000001"]
    assert sorted(entry.path.name for entry in entries if isinstance(entry, Skipped)) == ["PIPE", "README"]
