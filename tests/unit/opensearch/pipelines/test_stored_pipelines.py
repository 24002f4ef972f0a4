"""Pipelines that the server keeps under names: what is sent for them, how they are read, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.pipelines.server_support import check_fusion, check_ranks
from clipseek.opensearch.pipelines.stored_pipelines import read_pipeline, usable
from clipseek.opensearch.query.fusion import Fusion, check_pipeline_name, pipeline, read_weights
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.opensearch.server.templates import fill

from tests.plans import plan

VECTOR = np.array([0.6, 0.8], np.float32)
Z_SCORE_BY_A_GEOMETRIC_MEAN = {
    "normalization-processor": {
        "normalization": {"technique": "z_score"},
        "combination": {"technique": "geometric_mean"},
    }
}


def test_a_search_by_a_named_pipeline_sends_its_name() -> None:
    sent = plan("red car", VECTOR, pipeline="mild").search_body
    assert sent["search_pipeline"] == "mild"
    assert {**sent, "search_pipeline": pipeline("min_max")} == plan("red car", VECTOR).search_body


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (pipeline("l2", (0.3, 0.7), mean="geometric"), ("l2", "geometric", (0.3, 0.7))),
        (pipeline("z_score", (0.5, 0.5)), ("z_score", "arithmetic", (0.5, 0.5))),
        (pipeline("rrf"), ("rrf", "arithmetic", None)),
        (pipeline("rrf", (1, 3)), ("rrf", "arithmetic", (0.25, 0.75))),
        ({"phase_results_processors": [{"normalization-processor": {}}]}, ("min_max", "arithmetic", None)),
    ],
)
def test_what_was_made_is_read_again(made: dict[str, Any], said: tuple[Any, ...]) -> None:
    found = read_pipeline("p", {"description": "of somebody", **made})
    assert found.fusion is not None
    assert (found.fusion.technique, found.fusion.mean, found.fusion.weights) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "has 0 phase results processors"),
        ({**pipeline("l2"), "request_processors": [{"filter_query": {}}]}, "has request_processors"),
        ({"phase_results_processors": [{"normalization-processor": {}}] * 2}, "has 2 phase results processors"),
        (fill("pipelines/rrf.json", rank_constant=10), "counts ranks from 10, not from 60"),
        (
            {"phase_results_processors": [{"normalization-processor": {"normalization": {"technique": "new"}}}]},
            "has normalization-processor new, arithmetic",
        ),
        (
            {"phase_results_processors": [Z_SCORE_BY_A_GEOMETRIC_MEAN]},
            "has z_score with a geometric mean",
        ),
    ],
)
def test_what_does_something_else_is_no_fusion(body: dict[str, Any], said: str) -> None:
    found = read_pipeline("p", body)
    assert (found.fusion, found.other) == (None, said)
    with pytest.raises(InvalidOption, match=said):
        usable(found, 2)


def test_weights_are_one_for_each_clause_and_sum_to_one() -> None:
    assert usable(read_pipeline("p", pipeline("rrf")), 2) == Fusion("rrf", weights=(0.5, 0.5))
    off = {"normalization-processor": {"combination": {"parameters": {"weights": [0.5, 0.495]}}}}
    fusion = usable(read_pipeline("p", {"phase_results_processors": [off]}), 2)
    assert sum(fusion.weights or ()) == pytest.approx(1)
    with pytest.raises(InvalidOption, match="weights for 3 clauses, this search has 2"):
        usable(read_pipeline("p", pipeline("l2", (1, 1, 1))), 2)


@pytest.mark.parametrize("name", ["", "_none", "a*", "a,b", "A", "a/b", "..", "a" * 101, "a\n"])
def test_names_that_the_server_would_read_otherwise_are_refused(name: str) -> None:
    with pytest.raises(InvalidOption, match="cannot name a search pipeline"):
        check_pipeline_name(name)


def test_a_search_of_one_clause_takes_no_pipeline() -> None:
    with pytest.raises(InvalidOption, match="nothing to join"):
        plan("red car", kind="caption", pipeline="mild")
    with pytest.raises(InvalidOption, match="outside 0 to 1"):
        Fusion(weight=float("nan"))


def test_weights_of_several_clauses() -> None:
    assert read_weights("0.5, 0.3,0.2") == (0.5, 0.3, 0.2)
    for text in ("", "1", "a,b", "1,2,3,4,5,6", "1;2"):
        with pytest.raises(InvalidOption, match="cannot be used; give 2 to 5 numbers"):
            read_weights(text)


def test_an_indexs_pipeline_comes_before_what_was_tuned() -> None:
    chosen = {"fusion": "l2", "weight": 0.3, "mean": "harmonic", "match": "all", "complete": True, "pipeline": "mild"}
    setting, query = Setting.read(chosen), Query("red car")
    fusion = setting.fusion_for(query, Page())
    assert fusion.pipeline == "mild"
    assert setting.worded(query).match == "all"
    sent = plan("red car", VECTOR, **vars(fusion), match="all").search_body
    assert sent == plan("red car", VECTOR, match="all", pipeline="mild").search_body


def never_called() -> tuple[int, int]:
    raise AssertionError


def test_an_older_server_is_told_the_version_that_can() -> None:
    with pytest.raises(InvalidOption, match=r"z_score needs OpenSearch 3\.0, this is 2\.19"):
        check_fusion(lambda: (2, 19), "z_score", (0.5, 0.5))
    with pytest.raises(InvalidOption, match=r"rrf with --weight needs OpenSearch 3\.1"):
        check_fusion(lambda: (3, 0), "rrf", (0.3, 0.7))
    check_fusion(never_called, "rrf", (0.5, 0.5))
    with pytest.raises(InvalidOption, match="has 2 shards"):
        check_ranks((3, 4), "icons", 2)
    check_ranks((3, 5), "icons", 2)
