"""The fusion arithmetic, written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.search.contributions import contributions, fused_scores, normalized, rescored

from tests.plans import plan

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


def test_a_complete_search_counts_a_picture_without_the_words_as_the_floor() -> None:
    # "b" has none of the words: the server leaves the caption out for it, and would rank it first, by its cosine alone.
    rows = [{"_id": name, "_score": 0.0} for name in ("b", "a", "c")]
    raw = {"caption": {"a": 3.0, "c": 1.0}, "vector": {"b": 1.9, "a": 1.8, "c": 1.0}}
    made = plan("red", np.array([1, 0], np.float32), complete=True, mean="geometric")
    _, added = fused_scores(made, raw, rows)
    ranked = rescored(made, rows, added)
    assert [row["_id"] for row in ranked] == ["a", "b", "c"]
    assert [row["_score"] for row in ranked] == pytest.approx([(1 * (0.8 / 0.9)) ** 0.5, 0.001**0.5, 0.001])
    # Under the arithmetic mean it adds nothing, as on the server, whose scores stay.
    plain = plan("red", np.array([1, 0], np.float32), complete=True)
    normal, added = fused_scores(plain, raw, rows)
    assert "b" not in normal["caption"]
    assert added["b"] == {"caption": 0.0, "vector": 0.5}
    assert rescored(plain, rows, added) is rows
