"""A query's raw scores as arrays, cut to a depth and normalised as a search does it, complete or not.

Pure. The arithmetic is that of ``opensearch/search/contributions.py``; a test compares the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from clipseek.evaluation.bootstrap import Floats
from clipseek.evaluation.judgments import Ints
from clipseek.opensearch.query.fusion import RANK_CONSTANT, Technique
from clipseek.opensearch.query.limits import VECTOR
from clipseek.opensearch.search.contributions import FLOOR
from numpy.typing import NDArray

from .clause_scores import ClauseScores

_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Clause:
    """Of (N,) documents what one clause knows: its own raw scores of those that it brought, 0 of others; those of all documents, 0
    of one without any of the words; and each one's place among its candidates, in all shards together and in its own shard.
    """

    own: Floats
    every: Floats
    place: Ints
    place_in_shard: Ints


@dataclass(frozen=True)
class Columns:
    """Every document that the caption or the vector clause brought, and whether it is ``right``, (N,) bool."""

    right: NDArray[np.bool_]
    caption: Clause
    vector: Clause

    def cut(self, depth: int | None, *, complete: bool) -> tuple[NDArray[np.bool_], list[Floats]]:
        """Of the candidates at this depth, (M,): which are right, and each clause's raw scores as the fusion gets them, 0 where a
        document is not the clause's.
        """
        depth = _FAR if depth is None else depth
        clauses = (self.caption, self.vector)
        brought = [(one.place if complete else one.place_in_shard) < depth for one in clauses]
        here = brought[0] | brought[1]
        raw = [
            one.every[here] if complete else np.where(mine, one.own, 0.0)[here]
            for one, mine in zip(clauses, brought, strict=True)
        ]
        return self.right[here], raw


def columns(fetched: ClauseScores, caption: str, vector: str) -> Columns:
    """Of the two clauses of these names."""
    documents = list(dict.fromkeys([*fetched.scores[caption], *fetched.scores[vector]]))
    right = np.array([document in fetched.right for document in documents], bool)
    clauses = [
        _clause(documents, fetched.scores[name], fetched.every.get(every, {}), fetched.shard_of)
        for name, every in ((caption, caption), (vector, VECTOR))
    ]
    return Columns(right, *clauses)


def normalised(technique: Technique, raw: Floats) -> Floats:
    """(M,) raw scores as the fusion sees them; 0 stays for what is not the clause's. Of equal scores the earlier has the better
    rank.
    """
    here = raw > 0
    if not here.any():
        return raw
    if technique == "rrf":
        ranks = np.empty(len(raw))
        ranks[np.argsort(-raw, kind="stable")] = np.arange(1, len(raw) + 1)
        return np.where(here, 1 / (RANK_CONSTANT + ranks), 0.0)
    if technique == "l2":
        return np.asarray(raw / np.sqrt((raw * raw).sum()))
    low, high = raw[here].min(), raw.max()
    if low == high:
        return here.astype(np.float64)
    spread = (raw - low) / (high - low)
    return np.where(here, np.where(spread == 0, FLOOR, spread), 0.0)


def _clause(
    documents: list[str], own: Mapping[str, float], every: Mapping[str, float], shard_of: Mapping[str, int]
) -> Clause:
    seen: Counter[int] = Counter()
    places, of_shards = {}, {}
    for place, document in enumerate(own):
        shard = shard_of.get(document, 0)
        places[document], of_shards[document] = place, seen[shard]
        seen[shard] += 1
    return Clause(
        np.array([own.get(document, 0.0) for document in documents]),
        np.array([every.get(document, 0.0) for document in documents]),
        np.array([places.get(document, _FAR) for document in documents]),
        np.array([of_shards.get(document, _FAR) for document in documents]),
    )
