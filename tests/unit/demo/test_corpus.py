"""The shipped corpora: whole, licensed, split by concept, drawable; and their files."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from clipseek.demo.corpus.render import draw, picture_path, render, write_manifest
from clipseek.demo.corpus.shipped import DATA, Item, Name, read_corpus
from clipseek.demo.errors import DataMissing
from clipseek.sources import read_records
from PIL import Image, ImageChops

NAMES: tuple[Name, ...] = ("general", "domain", "fresh")
# Free to copy, change and pass on inside an Apache-2.0 repository; share-alike and non-commercial are not among them.
FREE = {"MIT", "ISC", "Apache-2.0", "CC0-1.0", "CC-BY-4.0", "OFL-1.1", "Unlicense", "public domain", "BSD-3-Clause"}


@pytest.fixture(scope="module", params=NAMES)
def items(request: pytest.FixtureRequest) -> list[Item]:
    return read_corpus(request.param)


def test_every_set_is_listed_with_a_free_licence(items: list[Item]) -> None:
    listed = {
        cells[0]: cells[3]
        for line in (DATA / "LICENSES.md").read_text("utf-8").splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
    }
    for name in sorted({item.set for item in items}):
        assert name in listed, f"{name} has no line in LICENSES.md"
        licence = re.sub(r"\s*<.*", "", listed[name])
        assert licence in FREE, f"{name}: {licence}"


def test_no_concept_is_on_two_sides_of_the_split(items: list[Item]) -> None:
    sides: dict[str, set[str]] = {}
    for item in items:
        sides.setdefault(item.concept, set()).add(item.split)
    assert [concept for concept, found in sides.items() if len(found) > 1] == []


def test_ids_are_unique_and_safe_as_file_names(items: list[Item]) -> None:
    assert len({item.id for item in items}) == len(items)
    for item in items:
        assert re.fullmatch(r"[\w.+-]+/[\w.+() -]+", item.id), item.id
        assert item.caption.strip()


def test_drawings_show_something(items: list[Item]) -> None:
    for item in items[:: len(items) // 60]:
        picture = Image.open(io.BytesIO(draw(item.svg, 48)))
        assert picture.size == (48, 48)
        blank = Image.new("RGB", picture.size, "white")
        assert ImageChops.difference(picture, blank).getbbox() is not None, f"{item.id} is blank"


def test_drawn_once_and_read_back_by_the_commands(items: list[Item], tmp_path: Path) -> None:
    few = items[:5]
    assert render(few, tmp_path) == 5
    assert render(few, tmp_path) == 0
    records = list(read_records(write_manifest(few, tmp_path, "few")))
    assert [record.image for record in records] == [picture_path(tmp_path, item) for item in few]
    assert [record.group for record in records] == [item.concept for item in few]


def test_a_missing_and_a_broken_corpus_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="clone it and run make demo"):
        read_corpus("general", tmp_path)
    (tmp_path / "general.jsonl.xz").write_bytes(json.dumps({"not": "xz"}).encode())
    with pytest.raises(DataMissing, match="git checkout"):
        read_corpus("general", tmp_path)
