"""Two models' views of one source: the same pairs in the same order, whatever each could read."""

from __future__ import annotations

import numpy as np
from clipseek.training.data.pairs import Pairs
from clipseek.training.data.shared_pairs import in_common, picture_order


def pairs(digests: str, rows: list[tuple[str, str]], side: int, skipped: list[tuple[str, str]]) -> Pairs:
    """``rows``: (digest, caption); a picture is filled with the number of its letter."""
    pixels = np.stack([np.full((side, side, 3), ord(letter), np.uint8) for letter in digests])
    picture = np.array([digests.index(digest) for digest, _ in rows], np.int64)
    captions = [caption for _, caption in rows]
    return Pairs(pixels, list(digests), picture, captions, captions, skipped)


ONE = pairs("abc", [("a", "x"), ("a", "y"), ("b", "x"), ("c", "z")], 4, [("d.png", "truncated")])
OTHER = pairs("cbad", [("d", "w"), ("b", "x"), ("a", "y"), ("a", "x")], 6, [("c.png", "truncated")])


def test_what_either_cannot_read_is_in_neither() -> None:
    one, other = in_common(ONE, OTHER)
    assert one.captions == other.captions == ["x", "y", "x"]
    assert [one.digests[row] for row in one.picture] == [other.digests[row] for row in other.picture] == [*"aab"]
    assert one.fingerprint() == other.fingerprint()
    assert one.pixels.shape[1:] == (4, 4, 3)
    assert other.pixels.shape[1:] == (6, 6, 3)
    assert one.skipped == other.skipped == [("d.png", "truncated"), ("c.png", "truncated")]


def test_pictures_of_one_in_the_order_of_the_other() -> None:
    one, other = in_common(ONE, OTHER)
    shown = other.pixels[other.shown_pictures()[0]][picture_order(one, other)]
    assert (shown[:, 0, 0, 0] == one.pixels[one.shown_pictures()[0]][:, 0, 0, 0]).all()


def test_a_pair_that_one_has_twice_is_kept_once() -> None:
    twice = pairs("a", [("a", "x"), ("a", "x")], 4, [])
    once = pairs("a", [("a", "x")], 4, [])
    assert [len(part) for part in in_common(twice, once)] == [1, 1]
    assert [len(part) for part in in_common(twice, twice)] == [2, 2]
