from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.search.contributions import contributions, normalized
from clipseek.opensearch.search.index_defaults import Setting, Wording
from clipseek.relevance.clause_scores import ClauseScores, caption_clause_name, vector_clause_name
from clipseek.relevance.fusion_grid import fusions
from clipseek.relevance.reciprocal_ranks import BASELINES, baselines, fuse, reciprocal_rank, reciprocal_ranks
from clipseek.relevance.score_columns import columns, normalised

RRF = Setting(Fusion("rrf", depth=DEPTH, complete=False))
IN_LISTS = [setting for setting in fusions() if not setting.fusion.complete]


def of_weight(weight: float, *, complete: bool = False) -> Setting:
    return Setting(Fusion(weight=weight, depth=DEPTH, complete=complete))


def cut_at_two(setting: Setting) -> Setting:
    return replace(setting, fusion=replace(setting.fusion, depth=2))


FETCHED = ClauseScores(
    {"caption": {"a": 9.0, "b": 4.0, "c": 1.0}, "vector": {"b": 1.9, "d": 1.7, "a": 1.2}}, frozenset({"b"})
)


def drawn(rng: np.random.Generator) -> ClauseScores:
    """Each clause's 40 of 60 documents, and what both give all of them; ten have none of the words."""
    every = {name: {f"d{at}": float(rng.gamma(2)) for at in rng.permutation(60)} for name in ("caption", "vector")}
    for at in range(10):
        every["caption"].pop(f"d{at}")
    scores = {}
    for name, raw in every.items():
        brought = rng.choice(sorted(raw), 40, replace=False).tolist()
        scores[name] = dict(sorted(((d, raw[d]) for d in brought), key=lambda pair: -pair[1]))
    return ClauseScores(scores, frozenset({"d3", "d30"}), every)


@pytest.mark.parametrize("complete", [False, True])
def test_the_arrays_fuse_as_the_search_does(complete: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        fetched = drawn(rng)
        documents = list(dict.fromkeys(d for found in fetched.scores.values() for d in found))
        scores = fetched.scores
        if complete:
            here = {name: {d: raw[d] for d in documents if d in raw} for name, raw in fetched.every.items()}
            scores = {name: dict(sorted(raw.items(), key=lambda pair: -pair[1])) for name, raw in here.items()}
        _, raw = columns(fetched, "caption", "vector").cut(DEPTH, complete=complete)
        for setting in fusions():
            fusion = setting.fusion
            normal = {name: normalized(fusion.technique, found) for name, found in scores.items()}
            weights = {"caption": 1 - fusion.weight, "vector": fusion.weight}
            wanted = [
                sum(contributions(fusion.technique, normal, weights, document, fusion.mean).values())
                for document in documents
            ]
            both = [normalised(fusion.technique, one) for one in raw]
            (fused,) = fuse(fusion.technique, fusion.mean, np.array([fusion.weight]), *both)
            assert fused == pytest.approx(wanted, abs=1e-12), setting


def test_a_complete_hybrid_counts_a_candidate_in_every_clause_that_can_score_it() -> None:
    # "b" is the vector's own and has the words too; "c" has none of them.
    fetched = ClauseScores(
        {"caption": {"a": 9.0}, "vector": {"b": 1.9, "c": 1.5}},
        frozenset({"b"}),
        {"caption": {"a": 9.0, "b": 8.0}, "vector": {"a": 1.1, "b": 1.9, "c": 1.5}},
    )
    # In two lists a is 1 and b is 1, a the first of them; complete, a is (1 + .001) / 2 and b (.001 + 1) / 2.
    even = [of_weight(0.5), of_weight(0.5, complete=True), of_weight(0.6, complete=True)]
    assert reciprocal_ranks(fetched, even).tolist() == [0.5, 0.5, 1.0]
    # l2: a is 9 and 1.1, b 8 and 1.9 of each clause's length: b is before it.
    l2 = [Setting(Fusion("l2", depth=DEPTH, complete=complete)) for complete in (False, True)]
    assert reciprocal_ranks(fetched, l2).tolist() == [0.5, 1.0]


def test_without_any_of_the_words_the_geometric_and_the_harmonic_mean_count_the_floor() -> None:
    fetched = ClauseScores(
        {"caption": {"a": 9.0, "b": 8.0}, "vector": {"c": 1.9, "b": 1.5}},
        frozenset({"c"}),
        {"caption": {"a": 9.0, "b": 8.0}, "vector": {"a": 1.1, "b": 1.5, "c": 1.9}},
    )
    means: list[Any] = ["geometric", "harmonic"]
    for mean in means:
        ways = [Setting(Fusion("l2", mean, depth=DEPTH, complete=complete)) for complete in (False, True)]
        # In two lists c is ranked by its cosine alone, before those that have the words; complete, its caption counts 0.001.
        assert reciprocal_ranks(fetched, ways).tolist() == [1.0, 1 / 3]


def test_candidates_of_several_shards() -> None:
    scores = {"caption": {"a": 9.0, "b": 8.0, "c": 7.0}, "vector": {"d": 1.9}}
    fetched = ClauseScores(scores, frozenset({"c"}), scores, {"a": 0, "b": 0, "c": 1, "d": 1})
    # Of each shard the best one takes part in a hybrid of two lists, of all shards together in a complete one.
    assert list(fetched.candidates("caption", 1, complete=False)) == ["a", "c"]
    assert list(fetched.candidates("caption", 1, complete=True)) == ["a"]
    shallow = [replace(of_weight(0.5), fusion=Fusion(depth=1, complete=complete)) for complete in (False, True)]
    assert reciprocal_ranks(fetched, shallow).tolist() == [1 / 3, 0]


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
    for _ in range(100):
        scores = rng.integers(0, 6, (3, 30)).astype(float)
        scores[rng.random((3, 30)) < 0.1] = -np.inf
        right = rng.random(30) < 0.1
        wanted = []
        for row in scores:
            order = np.argsort(-row, kind="stable")
            ranks = [at for at, one in enumerate(order, 1) if right[one] and np.isfinite(row[one])]
            wanted.append(1 / ranks[0] if ranks and ranks[0] <= 10 else 0)
        assert reciprocal_rank(scores, right).tolist() == wanted


def test_depth_cuts_the_candidates_before_they_are_fused() -> None:
    # Of two candidates each, a is 1 and b 0.001 by caption, b 1 and d 0.001 by vector; c, and a's vector, are gone.
    fetched = ClauseScores(FETCHED.scores, frozenset({"a"}))
    cut = ClauseScores({name: dict(list(found.items())[:2]) for name, found in FETCHED.scores.items()}, fetched.right)
    for setting in IN_LISTS:
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
