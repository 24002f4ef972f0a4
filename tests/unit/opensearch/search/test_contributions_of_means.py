"""Means worked out by hand; that they are the server's own is tested on a server."""

from __future__ import annotations

from typing import Any

import pytest
from clipseek.opensearch.search.contributions import contributions, normalized

CANDIDATES = {"caption": {"a": 4.0, "b": 3.0, "c": 2.0}, "vector": {"b": 1.8, "a": 1.4, "d": 1.3}}
WEIGHTS = {"caption": 0.25, "vector": 0.75}


def normal(technique: Any) -> dict[str, dict[str, float]]:
    return {name: normalized(technique, scores) for name, scores in CANDIDATES.items()}


def fused(document: str, mean: Any) -> dict[str, float]:
    return contributions("min_max", normal("min_max"), WEIGHTS, document, mean)


def test_geometric_and_harmonic_means_leave_a_missing_clause_out() -> None:
    # b: 0.5 by caption, 1.0 by vector.
    assert sum(fused("b", "geometric").values()) == pytest.approx(0.5**0.25)
    assert sum(fused("b", "harmonic").values()) == pytest.approx(1 / (0.25 / 0.5 + 0.75))
    assert fused("d", "harmonic") == {"caption": 0.0, "vector": pytest.approx(0.001)}


def test_their_parts_are_in_proportion_to_the_weighted_scores() -> None:
    parts = fused("b", "geometric")
    assert parts["caption"] / parts["vector"] == pytest.approx((0.25 * 0.5) / (0.75 * 1.0))


def test_only_the_worst_candidate_itself_is_raised() -> None:
    # As the server does it: just above the worst is less than the worst.
    scores = normalized("min_max", {"a": 1.0, "b": 1e-4, "c": 0.0})
    assert scores == {"a": 1.0, "b": pytest.approx(1e-4), "c": 0.001}


def test_z_scores_by_hand() -> None:
    # Mean 3, deviation of the sample 1: one above it is 1, at it the clause's highest score, below it 0.001.
    assert normalized("z_score", CANDIDATES["caption"]) == {"a": pytest.approx(1.0), "b": 4.0, "c": 0.001}


def test_ranks_with_weights() -> None:
    equal = contributions("rrf", normal("rrf"), {"caption": 0.5, "vector": 0.5}, "b")
    assert equal == {"caption": 1 / 62, "vector": 1 / 61}
    assert contributions("rrf", normal("rrf"), WEIGHTS, "b") == {"caption": 0.25 / 62, "vector": 0.75 / 61}
