"""``check_index`` as a whole, against an index in memory whose graph misses what it is told to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.relevance.check_index import ALL, check_index, frequent_filter

from .fake_index import VERSION, FakeIndex, unit


@pytest.fixture
def index() -> Any:
    return FakeIndex({f"d{i}": "" for i in range(300)}, {f"d{i}": unit(i) for i in range(300)})


def test_a_graph_that_misses_nothing_is_good(index: Any) -> None:
    phases: list[tuple[str, int, int]] = []
    report = check_index(index, VERSION, queries=20, progress=lambda *event: phases.append(event))
    assert phases == [("searching all pictures", 20, 20), ("searching half=even", 20, 20)]
    assert [(figure.pictures, figure.k) for figure in report.figures] == [
        (ALL, 10),
        (ALL, 100),
        ("half=even", 10),
        ("half=even", 100),
    ]
    assert all(figure.recall == figure.low == figure.high == 1 for figure in report.figures)
    assert (report.good, report.queries, report.preset) == (True, 20, "default")


def test_a_graph_that_misses_some_is_not(index: Any) -> None:
    index.missed = {f"d{i}" for i in range(30, 300, 4)}  # a quarter, all of them even
    report = check_index(index, VERSION, queries=20)
    every, filtered = report.figures[0], report.figures[2]
    assert every.recall == pytest.approx(0.75, abs=0.1)
    assert filtered.recall == pytest.approx(0.5, abs=0.1)
    assert every.low <= every.recall <= every.high < 1
    assert not report.good
    assert report.worst in report.figures[2:]
    assert report.as_dict()["figures"][0]["recall"] == every.recall


def test_filters_of_ones_own_replace_the_frequent_one(index: Any) -> None:
    report = check_index(index, VERSION, queries=5, filters=["half=odd"])
    assert {figure.pictures for figure in report.figures} == {ALL, "half=odd"}
    with pytest.raises(InvalidOption, match="nothing"):
        check_index(index, VERSION, queries=5, filters=["nothing=1"])


def test_an_index_without_keywords_is_checked_whole(index: Any) -> None:
    bare = replace(VERSION, fields={"size": "number"})
    assert frequent_filter(index, bare) == []
    assert len(check_index(index, bare, queries=5).figures) == 2
    with pytest.raises(InvalidOption, match="no pictures to check with"):
        check_index(FakeIndex({}, {}), bare)  # type: ignore[arg-type]
