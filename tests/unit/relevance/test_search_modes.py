"""What a live evaluation sends is what a search would send, by equality."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.bodies import clauses, search_body
from clipseek.opensearch.query.compose import compose
from clipseek.opensearch.query.query import Query
from clipseek.relevance.labelled_queries import LabelledQuery
from clipseek.relevance.search_modes import SearchMode, mode_body, search_modes

VERSION = Version("i-1", "i", "ab" * 32, 2, 1, search={"fusion": "l2", "mean": "harmonic", "weight": 0.3})
ONE = LabelledQuery("q", "red car", "g", {"b": 1}, own="a", alike=("b",))
TEXT, SEEN = np.array([0.6, 0.8], np.float32), np.array([1.0, 0.0], np.float32)


@pytest.mark.parametrize(
    ("server", "shards", "missing"),
    [((2, 19), 1, {"z_score"}), ((2, 19), 3, {"z_score", "rrf"}), ((3, 1), 3, {"rrf"}), ((3, 5), 3, set())],
)
def test_every_mode_that_the_server_can(server: tuple[int, int], shards: int, missing: set[str]) -> None:
    names = [mode.name for mode in search_modes(VERSION, server, shards)]
    fusions = [f"hybrid, {name}" for name in ("min_max", "l2", "z_score", "rrf") if name not in missing]
    assert names == ["caption", "vector", "hybrid, tuned", *fusions, "picture", "picture and words"]


def test_bodies() -> None:
    stored = {"a": SEEN}
    query = Query("red car", kind="hybrid", size=20, fusion="l2", mean="harmonic", weight=0.3)
    mode = SearchMode("hybrid, tuned", "hybrid", fused=VERSION.search)
    assert mode_body(mode, ONE, TEXT, stored, 20) == search_body(query, clauses(query, TEXT, []))
    left_out = [{"bool": {"must_not": [{"ids": {"values": ["a"]}}]}}]
    by_picture = Query("red car", kind="vector", size=20)
    assert mode_body(SearchMode("picture", "vector", True), ONE, TEXT, stored, 20) == search_body(
        by_picture, clauses(by_picture, SEEN, left_out)
    )
    both = Query("red car", kind="hybrid", size=20)
    assert mode_body(SearchMode("picture and words", "hybrid", True), ONE, TEXT, stored, 20) == search_body(
        both, clauses(both, compose(TEXT, [(1.0, SEEN)]), left_out)
    )
    own_too = LabelledQuery("q", "red car", "g", {"b": 1}, own="a", alike=("b",), excluded=("a",))
    caption = Query("red car", kind="caption", size=20)
    assert mode_body(SearchMode("caption", "caption"), own_too, TEXT, {}, 20) == search_body(
        caption, clauses(caption, None, left_out)
    )
