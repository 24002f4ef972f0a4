from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.search.contributions import contributions, normalized
from clipseek.opensearch.search.index_defaults import Setting, Wording
from clipseek.relevance.fusion_grid import (
    RRF,
    ClauseScores,
    caption_clause_name,
    fusions,
    vector_clause_name,
)
from clipseek.relevance.reciprocal_ranks import BASELINES, baselines, fuse, reciprocal_rank, reciprocal_ranks


def of_weight(weight: float) -> Setting:
    return Setting(Fusion(weight=weight, depth=DEPTH))


def cut_at_two(setting: Setting) -> Setting:
    return replace(setting, fusion=replace(setting.fusion, depth=2))


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
            fusion = setting.fusion
            normal = {name: normalized(fusion.technique, found) for name, found in scores.items()}
            columns = [np.array([normal[name].get(d, 0.0) for d in documents]) for name in ("caption", "vector")]
            weights = {"caption": 1 - fusion.weight, "vector": fusion.weight}
            wanted = [
                sum(contributions(fusion.technique, normal, weights, document, fusion.mean).values())
                for document in documents
            ]
            (fused,) = fuse(fusion.technique, fusion.mean, np.array([fusion.weight]), *columns)
            assert fused == pytest.approx(wanted, abs=1e-12), setting


def test_ranks_by_hand() -> None:
    # By caption b is second, by vector first; with all the weight on captions a wins.
    settings = [of_weight(0.1), of_weight(0.9), RRF]
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
        assert reciprocal_rank(scores, right) == (1 / ranks[0] if ranks and ranks[0] <= 10 else 0)


def test_depth_cuts_the_candidates_before_they_are_fused() -> None:
    # Of two candidates each, a is 1 and b 0.001 by caption, b 1 and d 0.001 by vector; c, and a's vector, are gone.
    fetched = ClauseScores(FETCHED.scores, frozenset({"a"}))
    cut = ClauseScores({name: dict(list(found.items())[:2]) for name, found in FETCHED.scores.items()}, fetched.right)
    for setting in fusions():
        (shallow,) = reciprocal_ranks(fetched, [cut_at_two(setting)])
        (wanted,) = reciprocal_ranks(cut, [setting])
        assert shallow == wanted
    even = of_weight(0.5)
    # Of all three, a has 0.5 + 0.0005 and b (0.375 + 1) / 2; of two, a has 0.5 and b 0.5005.
    assert (
        reciprocal_ranks(ClauseScores(FETCHED.scores, frozenset({"d"})), [even, cut_at_two(even)]).tolist()
        == [1 / 3] * 2
    )
    weak = of_weight(0.4)
    assert reciprocal_ranks(fetched, [weak, cut_at_two(weak)]).tolist() == [0.5, 1.0]


def test_each_wording_is_fused_with_the_same_vectors() -> None:
    most = Wording("most")
    scores = {**FETCHED.scores, caption_clause_name(most): {"c": 2.0}}
    fetched = ClauseScores(scores, frozenset({"c"}))
    by_words = of_weight(0.1)
    assert reciprocal_ranks(fetched, [by_words, replace(by_words, wording=most)]).tolist() == [1 / 4, 1.0]


def test_an_ef_search_has_its_own_vectors() -> None:
    wide = replace(RRF, fusion=replace(RRF.fusion, ef_search=400))
    scores = {**FETCHED.scores, vector_clause_name(400): {"c": 2.0}}
    # By rank: c is third by caption and first by the wider search, a first and not found.
    assert reciprocal_ranks(ClauseScores(scores, frozenset({"c"})), [RRF, wide]).tolist() == [1 / 4, 1.0]
    assert "ef_search" not in RRF.kept()
    assert wide.kept()["ef_search"] == 400
