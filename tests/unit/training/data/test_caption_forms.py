"""Captions are varied by the form that the source has."""

from __future__ import annotations

import random

import pytest
from clipseek.training.data.caption_forms import caption_form, varied

TAGS = ["Home: house, start page, building", "TV remote: device, tech, hardware", "Double check", "Ship: boat, travel"]
REPORTS = [
    "Axial CT: no fracture, no haemorrhage",
    "Chest X-ray: clear lungs, no effusion",
    "MRI of the knee: the meniscus is torn, a small effusion, no fracture",
    "Figure 2. Coronal CT shows a mass. The arrow is at its edge.",
]
PROSE = ["A man rides a horse.", "Many planes are parked beside a terminal.", "Two dogs play, one of them is white."]


@pytest.mark.parametrize(
    ("captions", "form"),
    [
        (TAGS, "tags"),
        (TAGS * 3 + PROSE, "tags"),
        (REPORTS, "prose"),
        (PROSE, "prose"),
        ([], "prose"),
        (TAGS[2:3], "prose"),
    ],
)
def test_the_form_of_a_source(captions: list[str], form: str) -> None:
    assert caption_form(captions) == form


def test_the_demos_captions_are_tags() -> None:
    from clipseek.demo.corpus.shipped import read_corpus

    for name in ("domain", "general"):
        assert caption_form([item.caption for item in read_corpus(name)]) == "tags"


def seen(caption: str, form: str, tries: int = 300) -> set[str]:
    return {varied(caption, form, random.Random(seed)) for seed in range(tries)}  # type: ignore[arg-type]


def test_tags_are_shuffled_and_some_dropped() -> None:
    variants = seen(TAGS[0], "tags")
    parts = {"Home", "house", "start page", "building"}
    for variant in variants:
        assert set(variant.replace(": ", ", ").split(", ")) <= parts
    assert {"Home", "Home: house, start page, building", "Home: building, house"} <= variants
    assert varied(TAGS[0], "tags", random.Random(4)) == varied(TAGS[0], "tags", random.Random(4))


@pytest.mark.parametrize("caption", ["a photo of a cat", "", "Note: ", "12:30 train"])
def test_other_captions_stay(caption: str) -> None:
    assert seen(caption, "tags", 20) == {caption}


def test_sentences_are_left_out_in_their_order() -> None:
    caption = "Axial CT of the chest. There is a mass in the left lung. No effusion!"
    first, second, third = "Axial CT of the chest.", "There is a mass in the left lung.", "No effusion!"
    assert seen(caption, "prose") == {
        first,
        second,
        third,
        f"{first} {second}",
        f"{first} {third}",
        f"{second} {third}",
        caption,
    }


def test_of_one_sentence_later_clauses_are_left_out() -> None:
    assert seen("Axial CT: no fracture, no haemorrhage, normal sinuses.", "prose") == {
        "Axial CT: no fracture.",
        "Axial CT: no fracture, no haemorrhage.",
        "Axial CT: no fracture, normal sinuses.",
        "Axial CT: no fracture, no haemorrhage, normal sinuses.",
    }


@pytest.mark.parametrize("caption", ["", "A man rides a horse.", "a cat, sleeping", "3.5 x 4 cm lesion"])
def test_prose_without_parts_stays(caption: str) -> None:
    assert seen(caption, "prose", 20) == {caption}
