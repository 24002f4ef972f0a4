"""When are two answers to a search equal? Those of one score may stand in any order, and the page may cut the last score."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("search_request")


A, B, C, D, E = ("a", 3.0, "x"), ("b", 2.0, "x"), ("c", 2.0, "y"), ("d", 1.0, "z"), ("e", 1.0, "z")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [([A, B, C, D], [A, B, C, D]), ([A, B, C, D], [A, C, B, D]), ([A, B, C, D], [A, B, C, E]), ([], [])],
)
def test_ties_may_change_places_and_the_last_score_is_cut(
    script: ModuleType, ours: list[object], theirs: list[object]
) -> None:
    script.same(ours, theirs, "words")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([A, B, C, D], [B, A, C, D]),
        ([A, B, D], [A, C, D]),
        ([A, B, C], [A, B]),
        ([A, B, C, D], [A, ("b", 2.0, "other"), C, D]),
        ([A, B], [A, ("b", 2.0000001, "x")]),
    ],
)
def test_anything_else_ends_the_benchmark(script: ModuleType, ours: list[object], theirs: list[object]) -> None:
    with pytest.raises(SystemExit, match="different answers to 'words'"):
        script.same(ours, theirs, "words")
