"""The fusion arithmetic, written out."""

from __future__ import annotations

from typing import Any

import pytest
from clipseek.opensearch.search.contributions import contributions, normalized

CANDIDATES = {"caption": {"a": 4.0, "b": 2.0, "c": 1.0}, "vector": {"b": 1.9, "d": 1.4}}
WEIGHTS = {"caption": 0.25, "vector": 0.75}


def fused(technique: Any, candidates: dict[str, dict[str, float]], *weights_and_document: Any) -> dict[str, float]:
    normal = {name: normalized(technique, scores) for name, scores in candidates.items()}
    return contributions(technique, normal, *weights_and_document)


def test_min_max() -> None:
    assert fused("min_max", CANDIDATES, WEIGHTS, "b") == pytest.approx({"caption": 0.25 / 3, "vector": 0.75})
    assert fused("min_max", CANDIDATES, WEIGHTS, "c") == pytest.approx({"caption": 0.25 * 0.001, "vector": 0})
    assert fused("min_max", {"vector": {"a": 2.0}}, {"vector": 1.0}, "a") == {"vector": 1.0}


def test_l2() -> None:
    assert fused("l2", CANDIDATES, WEIGHTS, "a") == pytest.approx({"caption": 0.25 * 4 / 21**0.5, "vector": 0})


def test_rrf_counts_ranks() -> None:
    equal = {"caption": 0.5, "vector": 0.5}
    assert fused("rrf", CANDIDATES, equal, "b") == pytest.approx({"caption": 1 / 62, "vector": 1 / 61})
