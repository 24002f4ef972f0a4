from __future__ import annotations

from pathlib import Path, PurePath

import pytest
from clipseek.sources import read_source
from clipseek.training.data.odd_captions import odd_caption, odd_captions
from clipseek.training.data.survey import survey
from PIL import Image


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nan", "a word for nothing"),
        ("None", "a word for nothing"),
        ("<NA>", "a word for nothing"),
        ("a.png", "the name of a file"),
        ("A", "the name of a file"),
        ("IMG_1234.JPG", "the name of a file"),
        ("0001", "no letter in it"),
        ("a red car", None),
        ("none of them is red", None),
        ("名", None),
    ],
)
def test_what_says_nothing(text: str, why: str | None) -> None:
    assert odd_caption(text, PurePath("x/a.png")) == why


def test_they_are_counted() -> None:
    assert odd_captions([("a.png", "nan"), ("b.png", "nan"), ("c.png", "c.png"), ("d.png", "a car")]) == [
        ("a word for nothing", "nan", 2),
        ("the name of a file", "c.png", 1),
    ]


def test_the_survey_names_them_and_what_is_lost(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.txt").write_text("nan\none text for all")
    (tmp_path / "lone.txt").write_text("x\ny")
    found = survey(read_source(tmp_path))
    value = found.as_dict()
    assert value["odd_captions"] == [{"why": "a word for nothing", "caption": "nan", "number": 2}]
    assert value["captions_lost"] == 2
    assert {text: number for text, number in found.duplicate_captions()}.keys() == set()  # equal files are one picture
