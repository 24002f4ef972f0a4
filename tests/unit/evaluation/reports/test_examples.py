"""Which queries the report shows, on rankings made by hand."""

from __future__ import annotations

import numpy as np
from clipseek.evaluation import Judgments, rank_pairs
from clipseek.evaluation.reports.examples import SHOWN, JudgedModel, best_and_worst, gains_and_losses
from numpy.typing import NDArray

N = 12
EYE = np.eye(N, dtype=np.float32)


def model(texts: NDArray[np.float32], truth: Judgments, name: str = "m") -> JudgedModel:
    unit = (texts / np.linalg.norm(texts, axis=1, keepdims=True)).astype(np.float32)
    return JudgedModel(name, unit, EYE, rank_pairs(unit, EYE, truth, batch=4))


def at_ranks(ranks: dict[int, int]) -> NDArray[np.float32]:
    """Texts whose own picture comes at the rank given, and first where none is."""
    texts = EYE * 0.5
    for row, rank in ranks.items():
        others = [at for at in range(N) if at != row][: rank - 1]
        texts[row, others] = np.linspace(1, 0.8, len(others))
    return texts


def test_the_greatest_gains_and_losses_by_the_ratio_of_ranks() -> None:
    truth = Judgments.of([f"c{i}" for i in range(N)])
    after = model(at_ranks({0: 2, 3: 6, 5: 11, 7: 3}), truth, "after")
    before = model(at_ranks({1: 9, 2: 4, 3: 6, 5: 10, 7: 1}), truth, "before")
    gains, losses = gains_and_losses(after, before, truth)
    assert [(one.row, one.ranks) for one in gains] == [(1, (1, 9)), (2, (1, 4))]
    assert [(one.row, one.ranks) for one in losses] == [(7, (3, 1)), (0, (2, 1)), (5, (11, 10))]
    gain = gains[0]
    assert gain.picture == 1
    assert [len(first) for first in gain.firsts] == [SHOWN, SHOWN]
    assert gain.firsts[0][0] == (1, True)
    assert gain.firsts[1] == ((0, False), (2, False), (3, False), (4, False), (5, False))
    assert [len(part) for part in gains_and_losses(after, before, truth, 1)] == [1, 1]
    assert gains_and_losses(after, after, truth) == ([], [])


def test_one_caption_of_a_group_and_its_other_pictures_are_right() -> None:
    groups = ["pair" if row in (1, 2) else f"g{row}" for row in range(N)]
    truth = Judgments.of([f"c{i}" for i in range(N)], groups)
    before = model(at_ranks({1: 9, 2: 9, 4: 3}), truth)
    gains, _ = gains_and_losses(model(EYE, truth), before, truth)
    # Caption 1 had picture 2, as right as its own, at place 2: 2 to 1 is less than 3 to 1.
    assert [(one.row, one.ranks) for one in gains] == [(4, (1, 3)), (1, (1, 2))]
    found = next(one for one in gains if one.row == 1)
    assert (2, True) in found.firsts[1]


def test_best_and_worst_share_no_caption() -> None:
    truth = Judgments.of([f"c{i}" for i in range(N)])
    texts = at_ranks({3: 12, 6: 4})
    texts[8] += 0.4 * EYE[9]  # first, but less alike
    best, worst = best_and_worst(model(texts, truth), truth, number=N)
    assert [one.row for one in worst] == [3, 6]
    assert worst[0].ranks == (12,)
    assert [one.row for one in best][-1] == 8
    assert {one.row for one in best} == {*range(N)} - {3, 6}


def test_a_tie_stands_as_in_the_ranks() -> None:
    truth = Judgments.of([f"c{i}" for i in range(N)])
    texts = EYE.copy()
    texts[0, 5] = 1
    _, worst = best_and_worst(model(texts, truth), truth)
    assert worst[0].ranks == (2,)
    assert worst[0].firsts[0][:2] == ((5, False), (0, True))
