from __future__ import annotations

import numpy as np
import pytest
from clipseek.opensearch.fusion import normalized, ranking
from clipseek.opensearch.tuning import RRF, Asked, Setting, baselines, cross_validated, fuse, grid, reciprocal_ranks

ASKED = Asked({"caption": {"a": 9.0, "b": 4.0, "c": 1.0}, "vector": {"b": 1.9, "d": 1.7, "a": 1.2}}, frozenset({"b"}))


def test_the_arrays_fuse_as_the_search_does() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores = {}
        for name in ("caption", "vector"):
            drawn = {f"d{at}": float(rng.gamma(2)) for at in rng.choice(60, 40, replace=False)}
            scores[name] = dict(sorted(drawn.items(), key=lambda pair: -pair[1]))
        documents = list(dict.fromkeys(d for found in scores.values() for d in found))
        for setting in grid():
            normal = {name: normalized(setting.fusion, found) for name, found in scores.items()}
            columns = [np.array([normal[name].get(d, 0.0) for d in documents]) for name in ("caption", "vector")]
            weights = {"caption": 1 - setting.weight, "vector": setting.weight}
            wanted = dict(ranking(setting.fusion, normal, weights, setting.mean))
            assert fuse(setting, *columns) == pytest.approx([wanted[d] for d in documents], abs=1e-12), setting


def test_ranks_by_hand() -> None:
    # By caption b is second, by vector first; with all the weight on captions a wins.
    settings = [Setting("min_max", "arithmetic", 0.1), Setting("min_max", "arithmetic", 0.9), RRF]
    assert reciprocal_ranks(ASKED, settings).tolist() == [0.5, 1.0, 1.0]
    assert baselines(ASKED) == {"caption alone": 0.5, "vector alone": 1.0, "plain sum": 0.5}
    assert reciprocal_ranks(Asked(ASKED.scores, frozenset({"x"})), settings).tolist() == [0, 0, 0]
    assert reciprocal_ranks(Asked({"caption": {}, "vector": {}}, frozenset({"x"})), settings).tolist() == [0, 0, 0]


def test_a_query_is_judged_by_the_choice_of_others() -> None:
    # Setting 0 is right for group 0 alone, setting 1 for all others: group 0 is judged with setting 1.
    groups = np.repeat(np.arange(5), 4)
    ranks = np.stack([(groups == 0).astype(float), (groups != 0).astype(float)], axis=1)
    found = cross_validated(ranks, groups)
    assert found[groups == 0].tolist() == [0.0] * 4
    assert found[groups != 0].tolist() == [1.0] * 16
