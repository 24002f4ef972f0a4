"""Figures of ranked lists, and the files of runs, against ranx."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from clipseek.evaluation.errors import EvaluationError
from clipseek.evaluation.metrics import KS
from clipseek.evaluation.ranked_lists import NAMES, list_figures
from clipseek.evaluation.trec import read_qrels, write_qrels, write_run

IDS = ["plain", "with space", "50% off", "100%20", "tab\tid", "ünï", *(f"d{at}" for at in range(30))]


def drawn(seed: int) -> tuple[dict[str, tuple[list[str], list[float]]], dict[str, dict[str, int]]]:
    """Runs with many ties, and graded judgments, of 30 queries."""
    rng = np.random.default_rng(seed)
    run, qrels = {}, {}
    for at in range(30):
        names = [str(name) for name in rng.permutation(IDS)]
        run[f"q {at}"] = (names[:25], sorted((rng.integers(1, 6, 25) / 3).tolist(), reverse=True))
        qrels[f"q {at}"] = {name: int(rng.integers(1, 4)) for name in rng.choice(names, 4, replace=False).tolist()}
    return run, qrels


def test_figures_and_files_agree_with_ranx(tmp_path: Path) -> None:
    from ranx import Qrels, Run, evaluate

    run, qrels = drawn(3)
    write_run(tmp_path / "a.run", [(query, *listed) for query, listed in run.items()])
    write_qrels(tmp_path / "a.qrels", qrels.items())
    theirs = (
        Qrels.from_file(str(tmp_path / "a.qrels"), kind="trec"),
        Run.from_file(str(tmp_path / "a.run"), kind="trec"),
    )
    ours = np.mean([list_figures(run[query][0], qrels[query]) for query in run], axis=0)
    names = [f"{name}@{k}" for name in ("mrr", "hit_rate", "ndcg") for k in KS]
    wanted = evaluate(*theirs, names)
    assert len(ours) == len(NAMES)
    assert ours == pytest.approx([wanted[name] for name in names], abs=1e-9)
    assert read_qrels(tmp_path / "a.qrels") == qrels


def test_by_hand() -> None:
    figures = dict(zip(NAMES, list_figures(["x", "b", "a"], {"a": 1, "b": 1}), strict=True))
    assert (figures["MRR@1"], figures["MRR@3"], figures["R@1"], figures["R@3"]) == (0, 0.5, 0, 1)
    best = 1 + 1 / np.log2(3)
    assert figures["nDCG@3"] == pytest.approx((1 / np.log2(3) + 1 / 2) / best)
    assert list_figures([], {"a": 1}).tolist() == [0.0] * len(NAMES)


def test_scores_of_a_run_always_fall_in_single_precision(tmp_path: Path) -> None:
    write_run(tmp_path / "a.run", [("q", ["a", "b", "c", "d"], [1.0, 1.0, 1.0 - 1e-9, 0.5])], tag="my tag")
    rows = [line.split() for line in (tmp_path / "a.run").read_text().splitlines()]
    scores = [np.float32(row[4]) for row in rows]
    assert all(after < before for before, after in itertools.pairwise(scores))
    assert [(row[0], row[1], row[2], row[3], row[5]) for row in rows][:2] == [
        ("q", "Q0", "a", "1", "my%20tag"),
        ("q", "Q0", "b", "2", "my%20tag"),
    ]


@pytest.mark.parametrize(("text", "line"), [("q 0 a 1\nq 0 b\n", 2), ("q 0 a high\n", 1)])
def test_what_is_no_judgment_is_named_by_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "bad.qrels").write_text(text)
    with pytest.raises(EvaluationError, match=f"bad.qrels:{line} is not query"):
        read_qrels(tmp_path / "bad.qrels")


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="cannot be written"):
        write_qrels(tmp_path / "file" / "a.qrels", [])
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_qrels(tmp_path / "none")
