"""Pictures that are not the user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.sources import Record, Skipped, iter_files, read_source
from clipseek.sources.system_files import maker_of, maker_of_path


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir/IMG_1.jpg/SYNOPHOTO_THUMB_XL.jpg",
        "#recycle/a.jpg",
        "@Recycle/a.jpg",
        ".@__thumb/defaulta.jpg",
        "deep/er/__MACOSX/a.jpg",
        "._a.jpg",
        "sub/._a.jpg",
        ".thumbnails/a.png",
        ".Trash-1000/files/a.png",
        "$RECYCLE.BIN/a.jpg",
        "System Volume Information/a.jpg",
        "LOST.DIR/a.jpg",
        "Catalog Previews.lrdata/a.jpg",
        ".trashed-1700000000-a.jpg",
        "Thumbs.db",
        ".DS_Store",
        "Icon\r",
        "GOPR0001.THM",
    ],
)
def test_what_a_system_made_is_left_out_and_listed(tmp_path: Path, name: str) -> None:
    for path in (tmp_path / "mine.jpg", tmp_path / name):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    record, skipped = sorted(read_source(tmp_path), key=lambda entry: isinstance(entry, Skipped))
    assert isinstance(record, Record)
    assert record.image == tmp_path / "mine.jpg"
    assert isinstance(skipped, Skipped)
    assert skipped.kind == "made by a system"
    assert skipped.path in [tmp_path / name, *(tmp_path / name).parents]
    assert list(iter_files(tmp_path)) == [tmp_path / "mine.jpg"]
    assert maker_of_path(name)


def test_the_twins_of_captions_are_no_captions(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.txt", "._a.jpg", "._a.txt"):
        (tmp_path / name).write_text("a red car")
    assert [entry.captions for entry in read_source(tmp_path) if isinstance(entry, Record)] == [("a red car",)]


def test_the_users_own_names_stay() -> None:
    for name in ("thumbs", "eaDir", "MACOSX", "trash", "recycle", "@home", "previews"):
        assert maker_of(name, is_folder=True) is None, name
    for name in ("_a.jpg", "thumbs.jpg", "a._b.jpg", ".a.jpg", "icon.png", "thumbs.db.jpg"):
        assert maker_of(name, is_folder=False) is None, name


def test_a_folder_that_is_named_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / "@eaDir").mkdir()
    (tmp_path / "@eaDir" / "a.jpg").touch()
    assert len(list(read_source(tmp_path / "@eaDir"))) == 1
