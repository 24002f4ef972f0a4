"""The fusion arithmetic, written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.search.contributions import (
    added_scores,
    contributions,
    normal_scores,
    normalized,
    rescored,
    statistics,
)

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
    ranked = rescored(made, rows, normal_scores(made, raw, rows))
    assert [row["_id"] for row in ranked] == ["a", "b", "c"]
    assert [row["_score"] for row in ranked] == pytest.approx([(1 * (0.8 / 0.9)) ** 0.5, 0.001**0.5, 0.001])
    # Under the arithmetic mean it adds nothing, as on the server, whose scores stay.
    plain = plan("red", np.array([1, 0], np.float32), complete=True)
    normal = normal_scores(plain, raw, rows)
    assert "b" not in normal["caption"]
    assert added_scores(plain, normal, rows)["b"] == {"caption": 0.0, "vector": 0.5}
    assert rescored(plain, rows, normal) is rows
    assert added_scores(plain, {}, rows) == {}


def test_statistics_are_what_scores_are_normalised_by() -> None:
    scores = {"a": 3.0, "b": 1.0, "c": 2.0}
    assert statistics("min_max", scores) == {"min": 1.0, "max": 3.0}
    assert statistics("l2", scores) == {"length": 14**0.5}
    assert statistics("z_score", scores) == {"mean": 2.0, "deviation": 1.0}
    assert statistics("rrf", scores) == statistics("l2", {}) == {}


def test_z_score_is_the_distance_from_the_mean_in_standard_deviations() -> None:
    # As OpenSearch 3 computes it: below the mean 0.001, at the mean the best score itself.
    made = plan("red", np.array([1, 0], np.float32), technique="z_score", weight=0.25)
    raw = {"caption": {"a": 4.0, "b": 2.0, "c": 0.0}, "vector": {"c": 1.5, "a": 1.25, "b": 1.0}}
    rows = [{"_id": name, "_score": 0.0} for name in "abc"]
    added = added_scores(made, normal_scores(made, raw, rows), rows)
    assert added == {
        "a": pytest.approx({"caption": 0.75, "vector": 0.25 * 1.5}),
        "b": pytest.approx({"caption": 0.75 * 4.0, "vector": 0.25 * 0.001}),
        "c": pytest.approx({"caption": 0.75 * 0.001, "vector": 0.25 * 1.0}),
    }
