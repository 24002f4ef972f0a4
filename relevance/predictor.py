"""A weight for each query, predicted from its words and its clauses' scores: tried by ``clipseek tune`` against one weight for all.

The prediction is a ridge regression of every weight's reciprocal rank on the features; the weight of the highest is taken. With
much ridge only the means are left, and the choice is the weight that is best for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import opensearchpy
from clipseek.opensearch.index.versions import Version
from clipseek.opensearch.query.clause_weights import CAPTION, VECTOR
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.hits import cosine
from clipseek.opensearch.server.failures import refused
from numpy.typing import NDArray

from .fusion_grid import Setting
from .tuning import Asked, Floats, folds_of

FEATURES = (
    "words",
    "mean idf",
    "highest idf",
    "caption's best score for each idf",
    "caption's gap",
    "vector's best cosine",
    "vector's gap",
    "of the ten best, in both",
)
RIDGES = (10.0, 100.0, 1000.0)
_AT_ONCE = 100


def idfs(client: opensearchpy.OpenSearch, version: Version, texts: Sequence[str]) -> list[list[float]]:
    """Of each text, the inverse document frequencies of its terms among the captions, as in BM25: log(1 + (N - n + 0.5) /
    (n + 0.5)); of several shards, those of one. One request for each hundred texts. Raises the errors of the tree.
    """
    found: list[list[float]] = []
    for start in range(0, len(texts), _AT_ONCE):
        one: dict[str, Any] = {"fields": ["caption"], "term_statistics": True, "positions": False, "offsets": False}
        asked = [{**one, "doc": {"caption": Query(text).words}} for text in texts[start : start + _AT_ONCE]]
        answer = client.mtermvectors(index=version.index, body={"docs": asked})
        for row in answer["docs"]:
            if error := row.get("error"):
                raise refused(version.index, 400, str(error.get("type")), str(error.get("reason"))[:300])
            field = row["term_vectors"].get("caption", {"terms": {}})
            counts = [term.get("doc_freq", 0) for term in field["terms"].values()]
            pictures = max([field.get("field_statistics", {}).get("doc_count", 0), *counts])
            found.append([float(np.log1p((pictures - n + 0.5) / (n + 0.5))) for n in counts])
    return found


def features(asked: Asked, idf: Sequence[float]) -> Floats:
    """(F,) float64, ``FEATURES`` of a query: of its usual clauses, and of its terms' idf. A gap is that between the best and the
    tenth, of the best; 1 where there are fewer than ten.
    """
    caption, vector = (asked.scores[name] for name in (CAPTION, VECTOR))
    total = float(np.sum(idf)) or 1.0
    both = set(islice(caption, 10)) & set(islice(vector, 10))
    return np.array(
        [
            np.log1p(len(idf)),
            np.mean(idf) if len(idf) else 0.0,
            np.max(idf) if len(idf) else 0.0,
            max(caption.values(), default=0.0) / total,
            _gap(caption),
            cosine(max(vector.values(), default=1.0)),
            _gap(vector),
            len(both) / 10,
        ],
        np.float64,
    )


def predicted(ranks: Floats, known: Floats, groups: NDArray[np.int64], settings: Sequence[Setting]) -> Floats:
    """(Q,): each query's reciprocal rank under the weight that the queries of the other folds predict for it.

    ``ranks``: (Q, S); ``known``: (Q, F) features; ``groups`` as in ``tuning.cross_validated``, whose folds these are. The fusion,
    and how much ridge, are those best for the other folds too.
    """
    found = np.zeros(len(ranks))
    fold = folds_of(groups)
    for at in np.unique(fold):
        held, train = fold == at, fold != at
        if not train.any():
            continue
        best = settings[int(ranks[train].mean(axis=0).argmax())]
        weights = [i for i, setting in enumerate(settings) if replace(setting, weight=best.weight) == best]
        part, inner = ranks[train][:, weights], folds_of(groups[train], seed=1)
        means = [
            np.mean([_taken(part, known[train], inner != one, inner == one, ridge).mean() for one in np.unique(inner)])
            for ridge in RIDGES
        ]
        found[held] = _taken(ranks[:, weights], known, train, held, RIDGES[int(np.argmax(means))])
    return found


def _taken(ranks: Floats, known: Floats, train: NDArray[np.bool_], held: NDArray[np.bool_], ridge: float) -> Floats:
    """Of each query ``held``, its rank under the weight that a regression over ``train`` predicts as its best."""
    if not train.any():
        return np.asarray(ranks[held, 0])
    middle, spread = known[train].mean(axis=0), known[train].std(axis=0)
    scaled = (known - middle) / np.where(spread > 0, spread, 1.0)
    means = ranks[train].mean(axis=0)
    square = scaled[train].T @ scaled[train] + ridge * np.eye(known.shape[1])
    slopes = np.linalg.solve(square, scaled[train].T @ (ranks[train] - means))
    chosen = (means + scaled[held] @ slopes).argmax(axis=1)
    taken: Floats = ranks[held][np.arange(int(held.sum())), chosen]
    return taken


def _gap(scores: Mapping[str, float]) -> float:
    best = list(islice(scores.values(), 10))
    if len(best) < 10 or not best[0]:
        return 1.0
    return float((best[0] - best[-1]) / best[0])
