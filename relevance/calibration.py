"""From which cosine on a hit is worth showing: learnt from queries that nothing in the index answers.

The score that is cut on is the cosine of the query's vector and the picture's. It means the same in every query and every index of
one model; BM25 has no upper end and grows with the number of words, and a fused score is relative to its own query's candidates,
so that the best of nothing looks like the best of something.

A background query is a false positive if its best hit reaches the cut. Fewer pictures (a filter) or another order (a hybrid) can
only take such hits away, so that the rate of a vector search over the whole index is the most that any search has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.versions import Version
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.search.hits import cosine
from clipseek.opensearch.server.failures import check_answers
from numpy.typing import NDArray

from .ann_recall import graph_body

Floats = NDArray[np.float64]
FOLDS = 5
RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
_BATCH = 20


@dataclass(frozen=True)
class Operating:
    """What a cut does.

    ``rate`` was asked for; ``unseen`` is the share of background queries that reach a cut learnt without them. ``answered``: share
    of held-out queries with a hit that reaches ``cosine``; ``kept``: share whose right picture does.
    """

    rate: float
    cosine: float
    unseen: float
    answered: float
    kept: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def cut(best: Floats, rate: float) -> float:
    """The cosine that the best hit of a further background query reaches with a probability of at most ``rate``.

    best: (B,) cosines of the best hits of background queries. The ceil((B + 1)(1 - rate))-th smallest is exceeded with at most that
    probability, whatever their distribution (split conformal prediction: Vovk, Gammerman, Shafer 2005); the cut is the next larger
    number. Raises InvalidOption where B is too small for the rate.
    """
    if not 0 < rate < 1:
        raise InvalidOption(f"false-positive rate {rate} is not between 0 and 1; give one like 0.05")
    place = math.ceil((len(best) + 1) * (1 - rate) - 1e-9)
    if place > len(best):
        needed = math.ceil(1 / rate) - 1
        raise InvalidOption(f"{len(best)} background queries are too few for the rate {rate}; give at least {needed}")
    return float(np.nextafter(np.sort(best)[place - 1], np.inf))


def unseen(
    best: Floats, groups: NDArray[np.int64], rate: float, *, folds: int = FOLDS, seed: int = 0
) -> NDArray[np.bool_]:
    """(B,) bool: whether each background query reaches the cut that was learnt from the other folds.

    groups: (B,) int64, queries of one number stay in one fold. Raises InvalidOption for fewer groups than folds, and as ``cut``.
    """
    names, codes = np.unique(groups, return_inverse=True)
    if len(names) < folds:
        raise InvalidOption(f"{len(names)} kinds of background queries are too few to try on unseen ones; give {folds}")
    fold = (np.random.default_rng(seed).permutation(len(names)) % folds)[codes]
    reached = np.zeros(len(best), bool)
    for at in range(folds):
        held = fold == at
        reached[held] = best[held] >= cut(best[~held], rate)
    return reached


def operating(rate: float, background: Floats, groups: NDArray[np.int64], best: Floats, right: Floats) -> Operating:
    """The cut learnt from all (B,) ``background`` queries; ``best`` and ``right``: (Q,) cosines of each held-out
    query's best hit and of its best right picture.
    """
    learnt = cut(background, rate)
    return Operating(
        rate,
        learnt,
        float(unseen(background, groups, rate).mean()),
        float((best >= learnt).mean()),
        float((right >= learnt).mean()),
    )


def best_cosines(
    client: opensearchpy.OpenSearch,
    version: Version,
    vectors: NDArray[np.float32],
    without: Sequence[Sequence[str]] | None = None,
    among: Sequence[Sequence[str]] | None = None,
) -> Floats:
    """(Q,) the cosine of the nearest picture to each of the (Q, D) unit ``vectors``; -1 where there is none.

    ``without``: ids that do not count, for each; ``among``: only these do. Raises the errors of the tree.
    """
    found: list[float] = []
    for start in range(0, len(vectors), _BATCH):
        lines: list[bytes] = []
        for at in range(start, min(start + _BATCH, len(vectors))):
            filters = without_ids(without[at]) if without is not None else []
            if among is not None:
                filters.append({"ids": {"values": list(among[at])}})
            body = graph_body(vectors[at], 1, filters)
            lines += [orjson.dumps({"allow_partial_search_results": False}), orjson.dumps(body)]
        answers = client.msearch(body=b"\n".join(lines) + b"\n", index=version.index)["responses"]
        check_answers(version.index, answers)
        for answer in answers:
            rows = answer["hits"]["hits"]
            found.append(cosine(float(rows[0]["_score"])) if rows else -1.0)
    return np.array(found, np.float64)
