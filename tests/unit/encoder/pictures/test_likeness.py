"""Sets of near duplicates: around a picture, never chains; flat pictures by their colour; one rule for all that use it."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.pictures.likeness import near_duplicates
from clipseek.encoder.pictures.perceptual_hash import appearance, perceptual_hash, small_copy
from clipseek.opensearch.search.page_rows import first_of_each
from clipseek.sources import read_source
from clipseek.training.data.pairs import load_pairs
from clipseek.training.data.split import split_pairs
from clipseek.training.data.survey import survey
from PIL import Image, ImageDraw, ImageEnhance

SPEC = ImageSpec(size=64, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bicubic", background=(255, 255, 255))


def numbers(pictures: list[Image.Image]) -> list[int]:
    hashes = np.array([perceptual_hash(picture) for picture in pictures], np.uint64)
    found: list[int] = near_duplicates(hashes, np.stack([small_copy(picture) for picture in pictures])).tolist()
    return found


def greys(*values: int) -> list[Image.Image]:
    return [Image.new("RGB", (64, 64), (value,) * 3) for value in values]


def pages(count: int) -> list[Image.Image]:
    """White pages, each with one line of text at another place."""
    made = []
    for number in range(count):
        page = Image.new("RGB", (320, 320), "white")
        ImageDraw.Draw(page).text((2 + number % 8 * 40, 12 + number // 8 * 40), f"page {number}", fill="black")
        made.append(page)
    return made


def test_black_and_white_are_never_one_set() -> None:
    assert numbers(greys(*range(0, 256, 15))) == list(range(18))
    assert numbers(greys(*range(0, 256, 3)))[-1] != 0
    assert numbers(greys(100, 101, 100)) == [0, 0, 0]


def test_blank_pages_with_another_line_are_several() -> None:
    assert numbers(pages(30)) == list(range(30))


def test_a_set_lies_within_the_distance_of_its_first() -> None:
    noise = np.random.default_rng(1).integers(40, 180, (6, 8, 3), dtype=np.uint8)
    photo = Image.fromarray(noise).resize((240, 180), Image.Resampling.BICUBIC)
    lighter = [ImageEnhance.Brightness(photo).enhance(1 + step / 20) for step in range(12)]
    found = numbers(lighter)
    copies = np.stack([small_copy(picture) for picture in lighter]).astype(int)
    assert len(set(found)) > 1
    assert all(np.abs(copies[at] - copies[first]).max() <= 20 for at, first in enumerate(found))


@pytest.mark.parametrize(
    ("made", "sets"), [(greys(*range(0, 256, 15)), 18), (pages(12), 12), (greys(9, 9, 10, 200), 2)]
)
def test_one_rule_for_data_check_the_split_and_searches(tmp_path: Path, made: list[Image.Image], sets: int) -> None:
    for number, picture in enumerate(made):
        picture.save(tmp_path / f"{number:02}.png", compress_level=number % 9)
        (tmp_path / f"{number:02}.txt").write_text(f"caption {number}")
    found = survey(read_source(tmp_path))
    together = [name for names in found.near_duplicates() for name in names]
    distinct = len({file.digest for file in found.readable.values()})
    assert distinct - len(together) + len(found.near_duplicates()) == sets
    rows = [
        {"_id": str(at), "_source": {"look": base64.b64encode(appearance(np.asarray(picture))).decode()}}
        for at, picture in enumerate(made)
    ]
    assert len(first_of_each(rows, near=True)) == sets
    pairs = load_pairs(read_source(tmp_path), SPEC)  # type: ignore[arg-type]
    sides = [{int(pairs.captions[row].split()[1]) for row in side} for side in split_pairs(pairs, 0.4, seed=0)]
    if sets > 2:
        assert all(sides)
    alike = numbers(made)
    assert all(len({at in sides[1] for at, other in enumerate(alike) if other == first}) == 1 for first in set(alike))
