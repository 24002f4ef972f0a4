"""Two models on the same pairs, with vectors whose ranks are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from clipseek.evaluation import EvaluationError, Judgments, compare, comparison_table, evaluate, rank_pairs
from clipseek.evaluation.bootstrap import paired, paired_columns
from numpy.typing import NDArray

N = 96
Vectors = NDArray[np.float32]


def unit(rows: NDArray[np.float64]) -> Vectors:
    result: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return result


def truth(pairs: int = N) -> Judgments:
    return Judgments.of([f"caption {i}" for i in range(pairs)], [f"group {i // 2}" for i in range(pairs)])


def noisy(amount: float, seed: int) -> tuple[Vectors, Vectors]:
    """Texts and pictures of a model that is as good as its noise is small."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(N, 24))
    return unit(images + amount * np.random.default_rng(seed).normal(size=images.shape)), unit(images)


def test_a_model_against_itself_is_no_better() -> None:
    ranked = rank_pairs(*noisy(2.0, 1), truth(), batch=16)
    changes = compare(ranked, ranked)
    assert len(changes) == 2 * 2 * 4
    for change in changes:
        found = change.difference
        assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)
        assert change.after == change.before


def test_a_better_model_is_better_in_every_row() -> None:
    judgments = truth()
    worse, better = (rank_pairs(*noisy(amount, 2), judgments, batch=32) for amount in (9.0, 0.5))
    scores = {(what, direction): one for what, direction, one in evaluate(*noisy(0.5, 2), judgments, batch=32).rows()}
    for change in compare(worse, better):
        found = change.difference
        assert found.low > 0
        assert found.p < 0.01
        assert found.mean == pytest.approx(change.after - change.before)
        # What is called "after" is the figure of the report itself.
        kind, _, depth = change.figure.partition("@")
        own = scores[change.ranked, change.direction]
        assert change.after == pytest.approx((own.mrr if kind == "MRR" else own.recall)[int(depth)])
        assert (change.queries, change.gallery) == (own.queries, own.gallery)
    for there, back in zip(compare(worse, better), compare(better, worse), strict=True):
        assert there.difference.mean == pytest.approx(-back.difference.mean)
        assert there.difference.p == back.difference.p


def test_by_hand() -> None:
    # Three pairs; before, every caption finds the next picture first and its own last; after, its own.
    images = unit(np.eye(3))
    before = unit(np.roll(np.eye(3), 1, axis=1) + 0.1 * np.roll(np.eye(3), 2, axis=1))
    judgments = Judgments.of(["a", "b", "c"])
    changes = compare(rank_pairs(before, images, judgments), rank_pairs(images, images, judgments))
    found = {(c.ranked, c.direction, c.figure): c for c in changes}
    change = found["whole gallery", "text to image", "MRR@20"]
    assert [change.before, change.after] == pytest.approx([1 / 3, 1])
    assert [change.difference.low, change.difference.high] == pytest.approx([2 / 3, 2 / 3])
    # Of the eight arrangements of three signs two are as extreme.
    assert change.difference.p == pytest.approx(2 / 8, abs=0.05)


def test_queries_of_a_group_are_drawn_together() -> None:
    rng = np.random.default_rng(5)
    gains = np.repeat(rng.normal(0.1, 1, 40), 25)
    clusters = np.repeat(np.arange(40), 25)
    alone, together = paired(gains * 0, gains), paired(gains * 0, gains, clusters=clusters)
    assert together.high - together.low > 3 * (alone.high - alone.low)
    assert together.p > alone.p


def test_columns_together_are_each_alone() -> None:
    rng = np.random.default_rng(6)
    change = rng.normal(0.05, 1, (200, 3))
    clusters = rng.integers(0, 50, 200)
    for column, found in enumerate(paired_columns(change, clusters=clusters)):
        alone = paired(np.zeros(200), change[:, column], clusters=clusters)
        assert found.p == alone.p
        assert [found.mean, found.low, found.high] == pytest.approx([alone.mean, alone.low, alone.high])


def test_other_pairs_are_refused() -> None:
    one, other = noisy(1.0, 1), noisy(1.0, 2)
    ranked = rank_pairs(*one, truth(), batch=16)
    with pytest.raises(EvaluationError, match="rank both models on the same pairs, batch and seed"):
        compare(ranked, rank_pairs(*other, truth(), batch=32))
    with pytest.raises(EvaluationError, match="the same pairs"):
        compare(ranked, rank_pairs(*other, truth(), batch=16, seed=1))


def test_for_people_and_for_machines() -> None:
    judgments = truth()
    worse, better = (rank_pairs(*noisy(amount, 2), judgments, batch=32) for amount in (9.0, 0.5))
    changes = compare(worse, better)
    first = json.loads(json.dumps([change.as_dict() for change in changes]))[0]
    assert first["ranked"] == "batches of 32"
    assert {"direction", "figure", "after", "before", "difference", "low", "high", "p", "queries", "gallery"} < {*first}
    lines = comparison_table(changes).splitlines()
    assert len(lines) == 2 + 16
    assert lines[0].split()[-2:] == ["difference", "p"]
    assert f"{changes[0].difference.mean:+.3f}" in lines[2]
