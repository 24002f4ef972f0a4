"""What a live evaluation sends is what a search would send, by equality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.plan import Plan, make_plan
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.scope import Scope
from clipseek.opensearch.query.vectors import compose
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.relevance.labelled_queries import LabelledQuery
from clipseek.relevance.search_modes import SearchMode, mode_plan, search_modes
from numpy.typing import NDArray

VERSION = Version("i-1", "i", "ab" * 32, 2, 1, search={"fusion": "l2", "mean": "harmonic", "weight": 0.3})
TUNED = Setting.read(VERSION.search)
ONE = LabelledQuery("q", "red car", "g", {"b": 1}, own="a", alike=("b",))
TEXT, SEEN = np.array([0.6, 0.8], np.float32), np.array([1.0, 0.0], np.float32)


@pytest.mark.parametrize(
    ("server", "shards", "missing"),
    [((2, 19), 1, {"z_score"}), ((2, 19), 3, {"z_score", "rrf"}), ((3, 1), 3, {"rrf"}), ((3, 5), 3, set())],
)
def test_every_mode_that_the_server_can(server: tuple[int, int], shards: int, missing: set[str]) -> None:
    names = [mode.name for mode in search_modes(TUNED, server, shards)]
    fusions = [f"hybrid, {name}" for name in ("min_max", "l2", "z_score", "rrf") if name not in missing]
    assert names == ["caption", "vector", "hybrid, tuned", *fusions, "picture", "picture and words"]


def test_every_complete_hybrid_can_be_searched_the_other_way_too() -> None:
    modes = search_modes(TUNED, (2, 19), both_ways=True)
    pairs = [(one.name, other.name) for one, other in pairwise(modes) if "not complete" in other.name]
    assert pairs == [(name, f"{name}, not complete") for name in ("hybrid, min_max", "hybrid, l2", "hybrid, rrf")]
    by_name = {mode.name: mode for mode in modes}
    # What was tuned before there were complete hybrids is not complete, and stays as it is.
    assert not by_name["hybrid, tuned"].setting.fusion.complete
    assert not by_name["hybrid, l2, not complete"].setting.fusion.complete
    assert by_name["hybrid, l2"].setting.fusion.complete
    complete = replace(TUNED, fusion=replace(TUNED.fusion, complete=True))
    tuned = search_modes(complete, (2, 19), both_ways=True)
    assert {"hybrid, tuned, not complete", "picture and words, not complete"} <= {mode.name for mode in tuned}


def plan(query: Query, vector: NDArray[np.float32] | None, left_out: Sequence[str] = (), **fusion: Any) -> Plan:
    vectors = {} if vector is None else {"vector": vector}
    return make_plan(query, Fusion(**fusion), Page(20), Scope(without_ids(left_out)), vectors)


def same(one: Plan, other: Plan) -> None:
    assert one.search_body == other.search_body
    assert one.ranking_body == other.ranking_body


def test_bodies() -> None:
    stored = {"a": SEEN}
    query = Query("red car", kind="hybrid")
    mode = SearchMode("hybrid, tuned", "hybrid", setting=TUNED)
    tuned: dict[str, Any] = {"technique": "l2", "mean": "harmonic", "weight": 0.3, "complete": False}
    same(mode_plan(mode, ONE, TEXT, stored, Page(20)), plan(query, TEXT, **tuned))
    same(
        mode_plan(SearchMode("picture", "vector", True), ONE, TEXT, stored, Page(20)),
        plan(Query("red car", kind="vector"), SEEN, ["a"]),
    )
    same(
        mode_plan(SearchMode("picture and words", "hybrid", True), ONE, TEXT, stored, Page(20)),
        plan(query, compose(TEXT, [(1.0, SEEN)]), ["a"]),
    )
    own_too = LabelledQuery("q", "red car", "g", {"b": 1}, own="a", alike=("b",), excluded=("a",))
    same(
        mode_plan(SearchMode("caption", "caption"), own_too, TEXT, {}, Page(20)),
        plan(Query("red car", kind="caption"), None, ["a"]),
    )
