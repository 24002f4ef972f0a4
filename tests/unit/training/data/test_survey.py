"""What a source holds, counted by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from clipseek.sources import Record, read_source
from clipseek.training.data.survey import Survey, spread, survey, token_lengths
from PIL import Image

from tests.pairs import write_squares


@pytest.fixture
def found(tmp_path: Path) -> Survey:
    one, other, *_ = write_squares(tmp_path / "pictures")
    twin = tmp_path / "pictures" / "twin.png"
    shutil.copy(one.image, twin)
    (tmp_path / "pictures" / "broken.png").write_bytes(b"no picture")
    rows = [
        (one.image, "A red  square", "a"),
        (twin, "seen again", "a"),
        (other.image, "a RED square", "b"),
        (other.image, "  ", "b"),
        (tmp_path / "pictures" / "broken.png", "never read", "c"),
        (tmp_path / "pictures" / "absent.png", "never there", ""),
    ]
    manifest = tmp_path / "pairs.jsonl"
    lines = [json.dumps({"image": str(image), "caption": text, "group": group}) for image, text, group in rows]
    manifest.write_text("\n".join(lines), "utf-8")
    return survey(read_source(manifest))


def test_files(found: Survey) -> None:
    assert (len(found.files), len(found.readable)) == (5, 3)
    assert [(Path(name).name, reason[:12]) for name, reason in found.unreadable] == [
        ("broken.png", "not an image"),
        ("absent.png", "no such file"),
    ]
    assert [[Path(name).name for name in names] for names in found.duplicate_pictures()] == [
        ["red-left-0.png", "twin.png"]
    ]
    value = json.loads(json.dumps(found.as_dict()))
    assert value["distinct_pictures"] == 2
    assert value["bytes"] == sum(Path(name).stat().st_size for name in found.readable)
    assert value["width"] == {"least": 32, "median": 32, "95 %": 32, "greatest": 32}
    assert value["groups"] == 3


def test_pictures_that_look_nearly_the_same(tmp_path: Path) -> None:
    one, other, *_ = write_squares(tmp_path / "pictures", size=64)
    Image.open(one.image).save(tmp_path / "pictures" / "again.jpg", quality=90)
    shutil.copy(one.image, tmp_path / "pictures" / "twin.png")
    found = survey(read_source(tmp_path / "pictures"))
    sets = [[Path(name).name for name in names] for names in found.near_duplicates()]
    assert ["again.jpg", "red-left-0.png"] in sets
    assert not any("twin.png" in names or other.image.name in names for names in sets)
    assert found.as_dict()["near_duplicates"] == found.near_duplicates()


def test_captions(found: Survey) -> None:
    assert found.captions == ["A red  square", "seen again", "a RED square"]
    assert found.captions_per_picture() == {1: 1, 2: 1}
    assert found.duplicate_captions() == [("A red  square", 2)]


def test_lengths_count_what_is_cut(found: Survey) -> None:
    lengths = token_lengths(found.captions, lambda texts: [len(text.split()) for text in texts], 2)
    assert lengths["cut"] == 2
    assert lengths["tokens"]["greatest"] == 3
    assert token_lengths([], lambda texts: [], 2) == {"context": 2, "tokens": {}, "cut": 0}


def test_spread_by_hand() -> None:
    assert spread([1, 2, 3, 4, 101]) == {"least": 1, "median": 3, "95 %": pytest.approx(81.6), "greatest": 101}


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    assert survey([Record(None, tmp_path, ("x",))]).unreadable == [(str(tmp_path), "a folder, not a file")]
