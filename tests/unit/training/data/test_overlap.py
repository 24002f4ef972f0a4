"""What two sources share, planted by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from clipseek.sources import Record
from clipseek.training.data.overlap import Overlap, overlap
from clipseek.training.data.survey import survey
from PIL import Image

from tests.pairs import write_squares


@pytest.fixture
def squares(tmp_path: Path) -> list[Record]:
    return write_squares(tmp_path / "pictures", size=64)


def compared(here: list[Record], there: list[Record]) -> Overlap:
    return overlap(survey(here), survey(there))


def test_nothing_is_shared(squares: list[Record]) -> None:
    here = [Record(None, squares[0].image, ("a cat",), "p1"), Record(None, squares[1].image, ("a dog",))]
    there = [Record(None, squares[5].image, ("a bird",), "p2"), Record(None, squares[6].image, ("a cow",))]
    found = compared(here, there)
    assert not found
    assert found.as_dict() == {
        name: {"here": 0, "there": 0, "examples": []} for name in ("equal", "near", "captions", "groups")
    }


def test_each_kind_of_leak_is_found_alone(squares: list[Record], tmp_path: Path) -> None:
    here = [Record(None, squares[0].image, ("a cat",), "p1")]
    copy, near = tmp_path / "copy.png", tmp_path / "near.jpg"
    shutil.copy(squares[0].image, copy)
    Image.open(squares[0].image).save(near, quality=90)
    other = squares[6].image
    leaks = {
        "equal": Record(None, copy, ("x",), "p2"),
        "near": Record(None, near, ("x",), "p2"),
        "captions": Record(None, other, ("A  CAT",), "p2"),
        "groups": Record(None, other, ("x",), "p1"),
    }
    for kind, record in leaks.items():
        found = compared(here, [record]).as_dict()
        assert {name: (part["here"], part["there"]) for name, part in found.items()} == {
            name: (1, 1) if name == kind else (0, 0) for name in leaks
        }
    assert compared(here, [leaks["equal"]]).equal.examples == [(str(squares[0].image), str(copy))]
    assert compared(here, [leaks["near"]]).near.examples == [(str(squares[0].image), str(near))]
    assert compared(here, [leaks["captions"]]).captions.examples == [("A  CAT",)]
    assert compared(here, [leaks["groups"]]).groups.examples == [("p1",)]


def test_copies_count_once_and_a_near_one_beside_an_equal_one_counts(squares: list[Record], tmp_path: Path) -> None:
    copies = [tmp_path / f"copy-{number}.png" for number in range(2)]
    for copy in copies:
        shutil.copy(squares[0].image, copy)
    near = tmp_path / "near.jpg"
    Image.open(squares[0].image).save(near, quality=90)
    here = [Record(None, path) for path in (squares[0].image, *copies)]
    there = [Record(None, path) for path in (copies[0], near)]
    found = compared(here, there)
    assert (found.equal.here, found.equal.there) == (1, 1)
    assert (found.near.here, found.near.there) == (0, 1)
    assert found.captions.there == 0
    json.dumps(found.as_dict())


def test_what_cannot_be_read_is_no_leak(squares: list[Record], tmp_path: Path) -> None:
    here = [Record(None, squares[0].image, ("a cat",))]
    assert not compared(here, [Record(None, tmp_path / "absent.png", ("a cat",))])
