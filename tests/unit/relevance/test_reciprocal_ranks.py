from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clipseek.opensearch.search.fusion import normalized, ranking
from clipseek.relevance.clause_scores import ClauseScores
from clipseek.relevance.fusion_grid import DEPTHS, RRF, WORDINGS, Setting, Wording, fusions, grid
from clipseek.relevance.reciprocal_ranks import BASELINES, baselines, fuse, reciprocal_rank, reciprocal_ranks

FETCHED = ClauseScores(
    {"caption": {"a": 9.0, "b": 4.0, "c": 1.0}, "vector": {"b": 1.9, "d": 1.7, "a": 1.2}}, frozenset({"b"})
)


def test_the_arrays_fuse_as_the_search_does() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores = {}
        for name in ("caption", "vector"):
            drawn = {f"d{at}": float(rng.gamma(2)) for at in rng.choice(60, 40, replace=False)}
            scores[name] = dict(sorted(drawn.items(), key=lambda pair: -pair[1]))
        documents = list(dict.fromkeys(d for found in scores.values() for d in found))
        for setting in fusions():
            normal = {name: normalized(setting.fusion, found) for name, found in scores.items()}
            columns = [np.array([normal[name].get(d, 0.0) for d in documents]) for name in ("caption", "vector")]
            weights = {"caption": 1 - setting.weight, "vector": setting.weight}
            wanted = dict(ranking(setting.fusion, normal, weights, setting.mean))
            (fused,) = fuse(setting.fusion, setting.mean, np.array([setting.weight]), *columns)
            assert fused == pytest.approx([wanted[d] for d in documents], abs=1e-12), setting


def test_ranks_by_hand() -> None:
    # By caption b is second, by vector first; with all the weight on captions a wins.
    settings = [Setting("min_max", "arithmetic", 0.1), Setting("min_max", "arithmetic", 0.9), RRF]
    assert reciprocal_ranks(FETCHED, settings).tolist() == [0.5, 1.0, 1.0]
    assert dict(zip(BASELINES, baselines(FETCHED), strict=True)) == {
        "caption alone": 0.5,
        "vector alone": 1.0,
        "plain sum of raw scores": 0.5,
    }
    assert reciprocal_ranks(ClauseScores(FETCHED.scores, frozenset({"x"})), settings).tolist() == [0, 0, 0]
    assert reciprocal_ranks(ClauseScores({"caption": {}, "vector": {}}, frozenset({"x"})), settings).tolist() == [
        0,
        0,
        0,
    ]


def test_the_rank_is_that_of_a_stable_sort() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        scores = rng.integers(0, 6, 30).astype(float)
        scores[rng.random(30) < 0.1] = -np.inf
        right = rng.random(30) < 0.1
        order = np.argsort(-scores, kind="stable")
        ranks = [at for at, one in enumerate(order, 1) if right[one] and np.isfinite(scores[one])]
        assert reciprocal_rank(scores, right, 10) == (1 / ranks[0] if ranks and ranks[0] <= 10 else 0)


def test_depth_cuts_the_candidates_before_they_are_fused() -> None:
    # Of two candidates each, a is 1 and b 0.001 by caption, b 1 and d 0.001 by vector; c, and a's vector, are gone.
    fetched = ClauseScores(FETCHED.scores, frozenset({"a"}))
    cut = ClauseScores({name: dict(list(found.items())[:2]) for name, found in FETCHED.scores.items()}, fetched.right)
    for setting in fusions():
        (shallow,) = reciprocal_ranks(fetched, [replace(setting, depth=2)])
        (wanted,) = reciprocal_ranks(cut, [setting])
        assert shallow == wanted
    even = Setting("min_max", "arithmetic", 0.5)
    # Of all three, a has 0.5 + 0.0005 and b (0.375 + 1) / 2; of two, a has 0.5 and b 0.5005.
    assert (
        reciprocal_ranks(ClauseScores(FETCHED.scores, frozenset({"d"})), [even, replace(even, depth=2)]).tolist()
        == [1 / 3] * 2
    )
    weak = Setting("min_max", "arithmetic", 0.4)
    assert reciprocal_ranks(fetched, [weak, replace(weak, depth=2)]).tolist() == [0.5, 1.0]


def test_each_wording_is_fused_with_the_same_vectors() -> None:
    most = Wording("most")
    scores = {**FETCHED.scores, most.clause: {"c": 2.0}}
    fetched = ClauseScores(scores, frozenset({"c"}))
    by_words = Setting("min_max", "arithmetic", 0.1)
    assert reciprocal_ranks(fetched, [by_words, replace(by_words, wording=most)]).tolist() == [1 / 4, 1.0]


def test_an_ef_search_has_its_own_vectors() -> None:
    wide = replace(RRF, ef_search=400)
    scores = {**FETCHED.scores, wide.vector_clause: {"c": 2.0}}
    # By rank: c is third by caption and first by the wider search, a first and not found.
    assert reciprocal_ranks(ClauseScores(scores, frozenset({"c"})), [RRF, wide]).tolist() == [1 / 4, 1.0]
    assert "ef_search" not in RRF.default()
    assert wide.default()["ef_search"] == 400


def test_the_first_settings_are_the_usual_search() -> None:
    # The first of equal settings is chosen, and clipseek tune compares the fusions alone with all.
    assert grid()[: len(fusions())] == fusions()
    assert len(set(grid())) == len(fusions()) * len(DEPTHS) * len(WORDINGS)
    assert len({wording.clause for wording in WORDINGS}) == len(WORDINGS)
