"""The fresh test: nothing of it stands in another file of the demo, by id, concept and look."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from clipseek.demo.concepts import concept_of, split_of
from clipseek.demo.corpus.build.fresh import OF_A_CONCEPT, OF_A_SET, fresh_pairs, look_alikes
from clipseek.demo.corpus.shipped import Item, read_corpus


@pytest.fixture(scope="module")
def fresh() -> list[Item]:
    return read_corpus("fresh")


def test_it_is_of_held_out_concepts_that_no_other_file_has(fresh: list[Item]) -> None:
    others = [*read_corpus("domain"), *read_corpus("general")]
    assert not {item.concept for item in fresh} & {item.concept for item in others}
    assert not {item.id for item in fresh} & {item.id for item in others}
    for item in fresh:
        assert item.split == split_of(item.concept) == "test"
        assert item.concept == concept_of(item.caption.partition(":")[0])


def test_it_is_large_and_of_many_hands(fresh: list[Item]) -> None:
    assert len(fresh) >= 1000
    assert max(Counter(item.set for item in fresh).values()) <= OF_A_SET
    assert max(Counter(item.concept for item in fresh).values()) <= OF_A_CONCEPT


@pytest.mark.parametrize("name", ["domain", "general"])
def test_nothing_in_it_looks_like_a_shipped_drawing(fresh: list[Item], name: str) -> None:
    """A part of both, for drawing all takes a minute; the build compared all."""
    others = read_corpus(name)[::60]  # type: ignore[arg-type]
    assert not look_alikes([item.svg for item in fresh[::10]], [item.svg for item in others]).any()


def square(left: int) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M{left} 4h9v9h-9z"/></svg>'


def test_planted_leaks_are_left_out(fresh: list[Item]) -> None:
    held_out = [replace(item, svg=square(2)) for item in fresh[:1]]
    shipped = [
        replace(held_out[0], id="shipped/one", concept="another concept", svg=square(12)),
        replace(fresh[5], id="shipped/two"),
        replace(fresh[6], concept="a third"),
        replace(fresh[7], id="shipped/three", concept="a fourth"),
    ]
    of_concept = fresh[5]
    of_id, of_look = fresh[6], fresh[7]
    training = replace(fresh[8], split="train")
    dropped: Counter[str] = Counter()
    assert fresh_pairs([*held_out, of_concept, of_id, of_look, training], shipped, dropped) == held_out
    assert dropped == {"its concept, or itself, is shipped": 3, "looks like a shipped one": 1}
