"""FILE#x,y,w,h@W: what is the file's name, what the crop, what the weight."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.cli.options.query_pictures import read_picture_file, read_query_picture
from clipseek.encoder import Crop, ImageError
from clipseek.encoder.pictures.crop import PictureFile
from clipseek.opensearch import QueryPicture
from clipseek.opensearch.errors import InvalidOption

CROP = Crop(10, 20, 100, 80)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"a")
    return tmp_path


@pytest.mark.parametrize(
    ("given", "picture"),
    [
        ("a.jpg", QueryPicture(b"a")),
        ("a.jpg@2", QueryPicture(b"a", 2)),
        ("a.jpg#10,20,100,80", QueryPicture(b"a", 1, CROP)),
        ("a.jpg#10,20,100,80@0.5", QueryPicture(b"a", 0.5, CROP)),
        ("a.jpg#10%,20%,50%,50%@3", QueryPicture(b"a", 3, Crop(0.1, 0.2, 0.5, 0.5, "fractions"))),
    ],
)
def test_crop_then_weight(given: str, picture: QueryPicture) -> None:
    assert read_query_picture(given) == picture


def test_a_file_whose_name_ends_so_wins(folder: Path) -> None:
    (folder / "a.jpg#10,20,100,80").write_bytes(b"odd")
    (folder / "b@2#1").write_bytes(b"b")
    assert read_query_picture("a.jpg#10,20,100,80") == QueryPicture(b"odd")
    assert read_query_picture("a.jpg#10,20,100,80@2") == QueryPicture(b"odd", 2)
    assert read_query_picture("a.jpg#10,20,100,80#10,20,100,80") == QueryPicture(b"odd", 1, CROP)
    assert read_query_picture("b@2#1") == QueryPicture(b"b")
    assert read_query_picture("b@2#1#10,20,100,80@7") == QueryPicture(b"b", 7, CROP)
    assert read_picture_file("a.jpg#10,20,100,80") == PictureFile(Path("a.jpg#10,20,100,80"))


@pytest.mark.parametrize(
    "given", ["a.jpg#10,20,100", "a.jpg#", "a.jpg#10%,20,30,40", "a.jpg#left", "a.jpg#1,2,3,4@x", "a.jpg#1,2,3,4/b.jpg"]
)
def test_a_crop_that_is_none_says_how_it_is_written(given: str) -> None:
    with pytest.raises(ImageError, match=r"^a.jpg: the crop '.*' is not understood; .*a.jpg#10,20,100,80.*#10%,20%,"):
        read_query_picture(given)


def test_what_is_part_of_no_picture_names_the_file() -> None:
    with pytest.raises(ImageError, match=r"^a.jpg: the crop 0,0,0,5 is empty"):
        read_query_picture("a.jpg#0,0,0,5")


@pytest.mark.parametrize("given", ["none.jpg", "none.jpg#10,20,100,80", "none.jpg@2", "none.jpg#10,20,100,80@2"])
def test_a_missing_file_is_named_without_crop_and_weight(given: str) -> None:
    with pytest.raises(InvalidOption, match=r"the query picture none.jpg cannot be read \(no such file"):
        read_query_picture(given)


@pytest.mark.parametrize("given", ["a\0.jpg", "x" * 5000, "a#b.jpg"])
def test_names_that_cannot_be_are_one_line(given: str) -> None:
    with pytest.raises(InvalidOption, match="cannot be read"):
        read_query_picture(given)


def test_a_weight_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidOption, match="weight 0 of"):
        read_query_picture("a.jpg#10,20,100,80@0")
