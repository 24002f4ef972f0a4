"""Lists of captions in one cell of a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from clipseek.sources import read_records

TEXTS = ['a "red" car', "a car's", "of é, and ∑"]


def captions(folder: Path, cell: str) -> list[str]:
    (folder / "1.jpg").touch()
    with (folder / "m.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["image", "caption"], ["1.jpg", cell]])
    (record,) = read_records(folder / "m.csv")
    return list(record.captions)


@pytest.mark.parametrize(
    "write", [json.dumps, repr, lambda texts: str(np.array(texts)), lambda texts: str(np.array(texts, object))]
)
def test_they_are_several(tmp_path: Path, write: object) -> None:
    assert captions(tmp_path, write(TEXTS)) == TEXTS  # type: ignore[operator]


@pytest.mark.parametrize(
    "cell",
    ['["a", b]', "['a', 1]", '["a", 1]', "['a\\d']", "[a cat]", '[""a"", "b"]', "['a', b'c']", '["', "['a', f'{1}']"],
)
def test_any_other_text_is_one(tmp_path: Path, cell: str) -> None:
    assert captions(tmp_path, cell) == [cell]
