"""``evaluate_index`` as a whole, against an index in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clipseek.evaluation.trec import read_qrels
from clipseek.opensearch.errors import InvalidOption
from clipseek.relevance.evaluate_index import evaluate_index
from clipseek.relevance.labelled_queries import LabelledQuery

from .fake_index import VERSION, Encoder, FakeIndex, unit

CAPTIONS = {f"d{i}": f"word{i} pair{i // 2}" for i in range(12)}


@pytest.fixture
def index() -> Any:
    # Both of a pair look nearly the same.
    return FakeIndex(CAPTIONS, {name: unit(i // 2) for i, name in enumerate(CAPTIONS)})


def query(i: int) -> LabelledQuery:
    own, other = f"d{i}", f"d{i ^ 1}"
    return LabelledQuery(own, f"word{i}", f"g{i // 2}", {own: 1}, own, (other,))


QUERIES = [query(i) for i in range(12)]


def test_figures_of_every_mode(index: Any) -> None:
    report = evaluate_index(index, VERSION, Encoder(), [*QUERIES, LabelledQuery("x", "x", "x", {"gone": 1})])
    modes = {mode.mode: mode for mode in report.modes}
    assert list(modes) == [
        "caption",
        "vector",
        "hybrid, min_max",
        "hybrid, l2",
        "hybrid, rrf",
        "picture",
        "picture and words",
    ]
    assert (report.queries, report.left_out) == (12, 1)
    assert modes["caption"].figures["MRR@10"] == 1  # each word is in one caption
    assert modes["picture"].figures["MRR@10"] == 1  # itself left out, the other of its pair is nearest
    assert modes["vector"].figures["MRR@10"] < 1
    for mode in report.modes:
        low, high = mode.intervals["MRR@10"]
        assert low <= mode.figures["MRR@10"] <= high
        assert 0 < mode.milliseconds["p50"] <= mode.milliseconds["p99"]
        candidates_too = 2 if mode.mode.startswith(("hybrid", "picture and")) else 1
        assert mode.took == dict.fromkeys(("p50", "p95", "p99"), candidates_too)


def test_modes_that_no_query_has_a_picture_for_are_left_out(index: Any) -> None:
    alone = [LabelledQuery("q", "word1", "g", {"d1": 1})]
    report = evaluate_index(index, VERSION, Encoder(), alone)
    modes = ["caption", "vector", "hybrid, min_max", "hybrid, l2", "hybrid, rrf"]
    assert [mode["mode"] for mode in report.as_dict()["modes"]] == modes


def test_both_ways_are_compared_query_by_query(index: Any, tmp_path: Path) -> None:
    report = evaluate_index(index, VERSION, Encoder(), QUERIES, both_ways=True, runs=tmp_path)
    modes = {mode.mode: mode for mode in report.modes}
    hybrids = ["hybrid, min_max", "hybrid, l2", "hybrid, rrf", "picture and words"]
    assert [gain.mode for gain in report.complete_gains] == hybrids
    for gain in report.complete_gains:
        of_each = [modes[name].figures["MRR@10"] for name in (gain.mode, f"{gain.mode}, not complete")]
        assert gain.gain == pytest.approx(of_each[0] - of_each[1])
        assert gain.interval[0] <= gain.gain <= gain.interval[1]
    assert (tmp_path / "hybrid-l2-not-complete.run").exists()
    assert evaluate_index(index, VERSION, Encoder(), QUERIES).complete_gains == ()


def test_runs_and_judgments_are_written(index: Any, tmp_path: Path) -> None:
    evaluate_index(index, VERSION, Encoder(), QUERIES, runs=tmp_path / "runs")
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {
        *(f"{name}.run" for name in ("caption", "vector", "picture", "picture-and-words")),
        *(f"hybrid-{fusion}.run" for fusion in ("min_max", "l2", "rrf")),
        "words.qrels",
        "picture.qrels",
    }
    assert read_qrels(tmp_path / "runs" / "words.qrels")["d3"] == {"d3": 1}
    assert read_qrels(tmp_path / "runs" / "picture.qrels")["d3"] == {"d2": 1}


def test_judgments_of_another_index_are_refused(index: Any) -> None:
    with pytest.raises(
        InvalidOption, match="none of the 1 queries has a right answer in index i; give judgments whose ids"
    ):
        evaluate_index(index, VERSION, Encoder(), [LabelledQuery("x", "x", "x", {"gone": 1})])
