"""Who is right for whom: pictures with several captions, groups, equal captions."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.evaluation import EvaluationError, Judgments
from clipseek.evaluation.judgments import Positives


def pairs(positives: Positives) -> set[tuple[int, int]]:
    rows, columns = positives.rows(0, positives.queries)
    found = list(zip(rows.tolist(), columns.tolist(), strict=True))
    assert len(found) == len(set(found))
    assert rows.tolist() == sorted(rows.tolist())
    return set(found)


# Pictures: 0 with two captions, 1 and 2 of one group, 3 with a caption that 1 has too.
CAPTIONS = ["a cat", "a pet", "A  Dog", "hound", "a dog"]
OWNER = [0, 0, 1, 2, 3]
GROUPS = [None, None, "dogs", "dogs", None]


def test_text_to_image() -> None:
    truth = Judgments.of(CAPTIONS, GROUPS, OWNER)
    assert (truth.captions, truth.pictures) == (5, 4)
    assert pairs(truth.text_to_image()) == {
        (0, 0),
        (1, 0),
        *((2, p) for p in (1, 2, 3)),  # by group, and by the equal caption
        *((3, p) for p in (1, 2)),  # picture 3 shares nothing with "hound": the relation is not transitive
        *((4, p) for p in (1, 3)),
    }


def test_image_to_text() -> None:
    truth = Judgments.of(CAPTIONS, GROUPS, OWNER)
    assert pairs(truth.image_to_text()) == {
        (0, 0),
        (0, 1),
        *((1, c) for c in (2, 3, 4)),
        *((2, c) for c in (2, 3)),
        *((3, c) for c in (2, 4)),
    }


def test_rows_of_a_part_equal_those_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    truth = Judgments.of([str(i) for i in rng.integers(0, 9, 40)], [str(i) for i in rng.integers(0, 30, 40)])
    positives = truth.text_to_image()
    parts: set[tuple[int, int]] = set()
    for start in range(0, 40, 7):
        rows, columns = positives.rows(start, min(40, start + 7))
        parts |= {(int(row) + start, int(column)) for row, column in zip(rows, columns, strict=True)}
    assert parts == pairs(positives)
    keys = truth.keys
    assert parts == {(i, j) for i in range(40) for j in range(40) if (keys[i] == keys[j]).any()}


def test_keys_of_different_kinds_never_meet() -> None:
    # Caption number 0 and group number 0 are different things.
    truth = Judgments.of(["x", "y"], [None, "g"])
    assert pairs(truth.text_to_image()) == {(0, 0), (1, 1)}


def test_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(EvaluationError, match="expected equal lengths"):
        Judgments.of(["x", "y"], ["g"])
