"""What is held out: whole groups and pictures, whatever the order, and nothing nearly the same on the other side."""

from __future__ import annotations

import numpy as np
from clipseek.training.data.pairs import Pairs
from clipseek.training.data.split import split_pairs


def many(groups: list[str], digests: list[str] | None = None) -> Pairs:
    names = digests or [f"d{i}" for i in range(len(groups))]
    # Of each digest another picture, that looks like no other.
    pixels = np.stack([np.random.default_rng(list(name.encode())).integers(0, 256, (8, 9, 3)) for name in names])
    return Pairs(
        pixels.astype(np.uint8),
        names,
        np.arange(len(names)),
        [f"c{i}" for i in range(len(names))],
        groups,
    )


def test_groups_and_pictures_lie_on_one_side() -> None:
    groups = [f"g{i // 3}" for i in range(600)]
    digests = [f"d{i % 590}" for i in range(600)]  # the last ten show the pictures of the first ten
    pairs = many(groups, digests)
    learn, held = split_pairs(pairs, 0.2, seed=0)
    assert sorted(learn + held) == list(range(600))
    assert 0.1 < len(held) / 600 < 0.3
    assert not {groups[i] for i in learn} & {groups[i] for i in held}
    assert not {digests[i] for i in learn} & {digests[i] for i in held}


def test_nearly_the_same_picture_lies_on_one_side() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 240, (300, 8, 8, 3), dtype=np.uint8)
    pixels[150:] = pixels[:150] + rng.integers(0, 8, (150, 8, 8, 3), dtype=np.uint8)  # a little more light
    names = [f"{i}" for i in range(300)]
    pairs = Pairs(pixels, names, np.arange(300), names, names)
    held = split_pairs(pairs, 0.3, seed=0)[1]
    assert 0.15 < len(held) / 300 < 0.45
    assert sorted(row % 150 for row in held) == sorted(2 * list({row % 150 for row in held}))
    flat = np.ones_like(pixels) * rng.integers(0, 256, (300, 1, 1, 3), dtype=np.uint8)
    apart = split_pairs(Pairs(flat, names, np.arange(300), names, names), 0.3, seed=0)
    assert 0.15 < len(apart[1]) / 300 < 0.45  # flat, of as many colours: no one picture


def test_the_split_depends_on_neither_order_nor_company() -> None:
    groups = [f"g{i}" for i in range(300)]
    held = {groups[i] for i in split_pairs(many(groups), 0.2, seed=0)[1]}
    backwards = groups[::-1]
    assert {backwards[i] for i in split_pairs(many(backwards), 0.2, seed=0)[1]} == held
    more = [f"new{i}" for i in range(100)] + groups
    assert {more[i] for i in split_pairs(many(more), 0.2, seed=0)[1]} & set(groups) == held
    assert {groups[i] for i in split_pairs(many(groups), 0.2, seed=1)[1]} != held


def test_no_picture_near_a_held_out_one_is_trained_on_though_near_ones_form_a_chain() -> None:
    """Each of a chain is near the next, and not near the one after it."""
    rng = np.random.default_rng(1)
    first = rng.integers(0, 180, (40, 8, 8, 3), dtype=np.uint8)
    pixels = np.concatenate([first + 18 * step for step in range(4)]).astype(np.uint8)
    names = [f"{i}" for i in range(len(pixels))]
    pairs = Pairs(pixels, names, np.arange(len(pixels)), names, names)
    learn, held = split_pairs(pairs, 0.3, seed=0)
    near = {(row % 40, row // 40 + side) for row in held for side in (-1, 0, 1)}
    assert held
    assert len(learn) > 60
    assert not {(row % 40, row // 40) for row in learn} & near
