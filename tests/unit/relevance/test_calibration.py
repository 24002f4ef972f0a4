"""The cut-off's rate on queries that it has not seen, on generated data of several shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.relevance.calibration import calibrate, cut, operating_point, reached_unseen
from clipseek.relevance.labelled_queries import LabelledQuery
from numpy.typing import NDArray

from .fake_index import VERSION as INDEX
from .fake_index import Encoder, FakeIndex, unit

Floats = NDArray[np.float64]
SHAPES: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, count: rng.normal(0.3, 0.05, count),
    "skewed": lambda rng, count: 0.2 + rng.gamma(1.0, 0.05, count),
    "two kinds": lambda rng, count: np.where(rng.random(count) < 0.1, 0.6, 0.2) + rng.normal(0, 0.02, count),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.2])
def test_the_rate_holds_on_unseen_queries_within_two_points(shape: str, rate: float) -> None:
    rng = np.random.default_rng(7)
    learnt, fresh = SHAPES[shape](rng, 3000), SHAPES[shape](rng, 100_000)
    assert float((fresh >= cut(learnt, rate)).mean()) == pytest.approx(rate, abs=0.02)
    # And what calibrate prints, without fresh queries, is as near.
    said = float(reached_unseen(learnt, np.arange(3000), rate).mean())
    assert said == pytest.approx(rate, abs=0.02)


def test_over_many_draws_the_rate_is_never_more_than_asked_for() -> None:
    rng = np.random.default_rng(1)
    fresh = np.sort(rng.normal(size=100_000))
    rates = [1 - np.searchsorted(fresh, cut(rng.normal(size=99), 0.05)) / len(fresh) for _ in range(400)]
    assert float(np.mean(rates)) == pytest.approx(0.05, abs=0.005)
    # Where many score the same, the cut lies above them all: fewer reach it, not more.
    assert cut(np.full(99, 0.4), 0.05) > 0.4


def test_by_hand() -> None:
    # The 96th of 100 places (101 * 0.95 = 95.95) is the last that is not reached.
    best = np.arange(1, 101) / 100
    assert [one for one in best if one >= cut(best, 0.05)] == [0.97, 0.98, 0.99, 1.0]
    found = operating_point(0.05, best, np.arange(100), np.array([0.2, 0.99]), np.array([0.1, 0.95]))
    assert (found.answered, found.kept) == (0.5, 0.0)


def test_queries_of_one_group_never_judge_the_cut_they_taught() -> None:
    # One group alone is far above: learnt without it, the cut is below, and all of the group reach it.
    best = np.concatenate([np.linspace(0.1, 0.2, 400), np.full(100, 0.9)])
    groups = np.concatenate([np.arange(400), np.full(100, 400)])
    assert reached_unseen(best, groups, 0.3)[400:].all()


def test_what_cannot_be_learnt_is_refused() -> None:
    with pytest.raises(InvalidOption, match=r"too few for the rate 0\.01; give at least 99"):
        cut(np.zeros(98), 0.01)
    assert cut(np.zeros(99), 0.01) > 0
    for rate in (0.0, 1.0, float("nan")):
        with pytest.raises(InvalidOption, match="between 0 and 1"):
            cut(np.zeros(10), rate)
    with pytest.raises(InvalidOption, match="kinds of background queries"):
        reached_unseen(np.zeros(100), np.zeros(100, np.int64), 0.1)


def test_calibrate_learns_keeps_and_reports() -> None:
    captions = {f"d{i}": "" for i in range(200)}
    index: Any = FakeIndex(captions, {name: unit(i) for i, name in enumerate(captions)})
    held_out = [LabelledQuery(f"d{i}", f"word{i}", f"g{i}", {f"d{i}": 1}) for i in range(150)]
    # Each held-out query lies on its own picture, a background query nowhere in particular.
    encoder: Any = Encoder({f"word{i}": unit(i) for i in range(150)})
    background = [LabelledQuery(f"b{i}", f"{i} nothing", "\0", {}) for i in range(200)]
    report = calibrate(index, INDEX, encoder, held_out, background, rate=0.1, sources=["a.tsv", "b.txt"])
    assert (report.cut.answered, report.cut.kept) == (1, 1)
    assert report.cut.cosine < 0.99
    assert report.cut.unseen == pytest.approx(0.1, abs=0.04)
    assert report.cut.unseen_interval[0] <= report.cut.unseen <= report.cut.unseen_interval[1]
    assert [point.rate for point in report.rates] == [0.1, 0.2]
    assert (report.cut.background, report.cut.hidden, report.cut.pairs, report.cut.pictures) == (200, False, 150, 200)
    assert index.meta["calibration"] == report.as_dict()["cut"]
    assert index.meta["calibration"]["sources"] == ("a.tsv", "b.txt")
    # Among the first ten hits of complete hybrids, which search the words too, though no caption has any.
    hybrids = report.hybrids
    assert (hybrids.complete, hybrids.background, hybrids.pairs, hybrids.kept) == (True, 200, 150, 1)
    assert hybrids.reached == pytest.approx(0.1, abs=0.06)
    assert hybrids.reached_interval[0] < hybrids.reached < hybrids.reached_interval[1]
    index.meta = {}
    # Without a background, the next best of the held-out queries is what must not be found.
    hidden = calibrate(index, INDEX, encoder, held_out, rate=0.1, write=False)
    assert (hidden.cut.hidden, hidden.cut.background, hidden.written, index.meta) == (True, 150, False, {})
    assert hidden.cut.kept == hidden.hybrids.kept == 1
    assert hidden.hybrids.reached == pytest.approx(0.1, abs=0.06)


def test_too_few_queries_to_calibrate_with_are_refused() -> None:
    index: Any = FakeIndex({"d0": ""}, {"d0": unit(0)})
    queries = [LabelledQuery(f"q{i}", "x", "g", {"d0": 1}) for i in range(100)]
    encoder: Any = Encoder()
    with pytest.raises(InvalidOption, match="0 held-out pairs in the index are too few"):
        calibrate(index, INDEX, encoder, [replace(query, grades={"gone": 1}) for query in queries])
    with pytest.raises(
        InvalidOption, match="99 background queries are too few to learn a cut-off from; give at least 100"
    ):
        calibrate(index, INDEX, encoder, queries, queries[1:])
