"""Ranks of equal scores, found again in the server's sum."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.opensearch.search.ranks import counted_ranks

ONE = {"caption": 1.0, "vector": 1.0}


def served(ranks: dict[str, dict[str, int]], factors: dict[str, float]) -> dict[str, float]:
    """The server's scores, in single precision."""
    documents = {document for one in ranks.values() for document in one}
    return {
        document: float(
            sum(np.float32(factors[name] / (60 + one[document])) for name, one in ranks.items() if document in one)
        )
        for document in documents
    }


@pytest.mark.parametrize("factors", [ONE, {"caption": 0.7, "vector": 0.3}])
@pytest.mark.parametrize("seed", range(5))
def test_the_ranks_of_equal_captions_are_found(seed: int, factors: dict[str, float]) -> None:
    rng = np.random.default_rng(seed)
    names = [f"d{at}" for at in range(400)]
    # Five different BM25, and the server's order among equal ones by chance.
    bm25 = {name: float(rng.integers(1, 6)) for name in names[:300]}
    near = {name: float(score) for name, score in zip(names, rng.random(400), strict=True)}
    stored = {name: at for at, name in enumerate(rng.permutation(names))}
    true = {
        name: {d: rank for rank, d in enumerate(sorted(scores, key=lambda d: (-scores[d], stored[d])), 1)}
        for name, scores in (("caption", bm25), ("vector", near))
    }
    fused = served(true, factors)
    raw = {
        name: dict(sorted(scores.items(), key=lambda pair: -pair[1]))
        for name, scores in (("caption", bm25), ("vector", near))
    }
    assert list(raw["caption"]) != list(true["caption"])
    assert counted_ranks(raw, fused, factors) == true


def test_equal_in_both_clauses() -> None:
    nearer = {f"d{at}": 1.9 - at / 100 for at in range(9)}
    raw = {"caption": {"a": 2.0, "b": 2.0, "c": 2.0, "d": 1.0}, "vector": {**nearer, "a": 1.5, "b": 1.5}}
    near = {name: rank for rank, name in enumerate(nearer, 1)}
    true = {"caption": {"b": 1, "a": 2, "c": 3, "d": 4}, "vector": {**near, "b": 10, "a": 11}}
    assert counted_ranks(raw, served(true, ONE), ONE) == true


def test_where_several_ranks_make_the_score_the_order_stays() -> None:
    raw = {"caption": {"a": 2.0, "b": 2.0}, "vector": {"a": 1.5, "b": 1.5}}
    fused = dict.fromkeys("ab", 1 / 61 + 1 / 62)  # first in one clause, second in the other: which of them is not told
    assert counted_ranks(raw, fused, ONE) == {"caption": {"a": 1, "b": 2}, "vector": {"a": 1, "b": 2}}
