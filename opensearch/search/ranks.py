"""The ranks that the server counted for rrf, where pictures that a clause scores the same may have each other's. Pure.

Of equal scores the server ranks first what it stored first, which no answer says. What a hit's fused score leaves after the clauses
whose rank is sure is 1 / (constant + rank) of the one that is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from ..query.fusion import RANK_CONSTANT

#: Scores of a clause that differ by less may be the same: a clause is scored in single precision, and once more for the answer.
_SAME = 1e-6
#: How far the ranks' sum may be from a fused score, as a part of it: the server adds in single precision.
_OFF = 3e-7
#: Combinations of equal ranks that are tried for a hit; only copies of one picture and caption have more than a few.
_MOST = 10_000


def counted_ranks(
    raw: Mapping[str, Mapping[str, float]], fused: Mapping[str, float], factors: Mapping[str, float]
) -> dict[str, dict[str, int]]:
    """Each clause's ranks by id, from 1 on. ``raw``: its scores, id to score, best first; ``fused``: the server's score of each id;
    ``factors``: what a clause's part of that is multiplied by. Where several ranks make the same fused score, the rank is that of
    the order in ``raw``.
    """
    ranks = {name: {document: rank for rank, document in enumerate(scores, 1)} for name, scores in raw.items()}
    ties = {name: _ties(list(scores.items())) for name, scores in raw.items()}
    for document, score in fused.items():
        open_ = {name: ties[name][document] for name in raw if document in ties[name] and factors[name] > 0}
        if not open_:
            continue
        sure = sum(
            factors[name] / (RANK_CONSTANT + ranks[name][document])
            for name in raw
            if name not in open_ and document in ranks[name]
        )
        found = list(_solutions(score - sure, open_, factors, _OFF * score))
        if len(found) == 1:
            for name, rank in found[0].items():
                ranks[name][document] = rank
    return ranks


def _ties(scores: Sequence[tuple[str, float]]) -> dict[str, range]:
    """The ranks that each document may have, of those that share theirs with another. ``scores``: best first."""
    ties: dict[str, range] = {}
    start = 0
    for at in range(1, len(scores) + 1):
        if at < len(scores) and scores[at - 1][1] - scores[at][1] <= _SAME * scores[at][1]:
            continue
        if at - start > 1:
            ties.update((document, range(start + 1, at + 1)) for document, _ in scores[start:at])
        start = at
    return ties


def _solutions(
    left: float, open_: Mapping[str, range], factors: Mapping[str, float], off: float
) -> Iterator[dict[str, int]]:
    """The ranks within ``open_`` that add up to ``left``, or to what is at most ``off`` from it."""
    *few, most = sorted(open_, key=lambda name: len(open_[name]))
    for tried, ranks in enumerate(product(*(open_[name] for name in few))):
        if tried == _MOST:
            return
        rest = left - sum(factors[name] / (RANK_CONSTANT + rank) for name, rank in zip(few, ranks, strict=True))
        if rest <= 0:
            continue
        rank = round(factors[most] / rest) - RANK_CONSTANT
        if rank in open_[most] and abs(factors[most] / (RANK_CONSTANT + rank) - rest) <= off:
            yield {**dict(zip(few, ranks, strict=True)), most: rank}
