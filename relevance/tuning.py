"""Which fusion suits an index: each clause's candidates are fetched once a query, and every setting is tried on them here.

Pure, but for ``fetch``. The arithmetic is that of ``fusion.py``, over arrays; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice

import numpy as np
import opensearchpy
from clipseek.opensearch.index.versions import Version
from clipseek.opensearch.query.bodies import caption_clause, vector_clause
from clipseek.opensearch.query.clause_weights import CAPTION, VECTOR
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.pipelines import Fusion, Mean
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search import candidates
from clipseek.opensearch.search.fusion import normalized
from numpy.typing import NDArray

from .ann_recall import exact_body
from .fusion_grid import DEPTHS, RRF, WORDINGS, Setting, Wording

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A query's candidates: id to raw score by clause, best first; and the ids that are right."""

    scores: Mapping[str, Mapping[str, float]]
    right: frozenset[str]


def fetch(
    client: opensearchpy.OpenSearch,
    version: Version,
    text: str,
    vector: NDArray[np.float32],
    right: Collection[str],
    without: Sequence[str] = (),
    wordings: Sequence[Wording] = WORDINGS,
    beams: Sequence[int] = (),
) -> Asked:
    """The candidates for the words ``text``, asked in each of ``wordings``, and for their (D,) ``vector``, with the graph's usual
    search and with an ef_search of each of ``beams``; none of them in ``without``. One request.
    """
    filters = without_ids(without)
    query = Query(text, kind="hybrid", candidates=max(DEPTHS))
    found = {
        wording.clause: caption_clause(replace(query, match=wording.match, exact=wording.exact), filters)
        for wording in wordings
    }
    for beam in (None, *beams):
        name = replace(RRF, ef_search=beam).vector_clause
        found[name] = vector_clause(replace(query, ef_search=beam), vector, filters)
    answer = candidates.ask(client, version.index, query, found, shards=1, copies="tune")
    return Asked(answer.scores, frozenset(right))


def wordings_of(client: opensearchpy.OpenSearch, version: Version) -> tuple[Wording, ...]:
    """What the index's captions can be asked without a new index: ``exact`` needs its own field."""
    caption = client.indices.get_mapping(index=version.index)[version.index]["mappings"]["properties"]["caption"]
    return tuple(wording for wording in WORDINGS if not wording.exact or "exact" in caption.get("fields", {}))


def graph_recall(
    client: opensearchpy.OpenSearch,
    version: Version,
    asked: Asked,
    vector: NDArray[np.float32],
    without: Sequence[str] = (),
) -> float:
    """Of the ten pictures truly nearest to the (D,) ``vector``, the share that ``fetch`` brought with it as ``asked``. One exact
    search.
    """
    true = client.search(index=version.index, body=exact_body(vector, 10, without_ids(without)))["hits"]["hits"]
    # As near as the last is as good; both are 1 + inner product in single precision, summed in another order.
    least = true[-1]["_score"] - 1e-5 if true else 0.0
    near = [score for score in islice(asked.scores[VECTOR].values(), 10) if score >= least]
    return len(near) / len(true) if true else 1.0


def reciprocal_ranks(asked: Asked, settings: Sequence[Setting], k: int = 10) -> Floats:
    """(S,) float64: for each setting 1/rank of the first right answer, 0 beyond rank ``k``.

    Settings of one wording and depth, and of one fusion and mean, are quickest side by side.
    """
    found = [
        row
        for _, alike in groupby(settings, lambda setting: (setting.wording, setting.depth, setting.ef_search))
        for row in _ranks(asked, list(alike), k)
    ]
    return np.array(found)


def _ranks(asked: Asked, settings: Sequence[Setting], k: int) -> list[float]:
    """Of settings that differ only in how they fuse."""
    first = settings[0]
    cut = {
        name: dict(islice(asked.scores[clause].items(), first.depth))
        for name, clause in ((CAPTION, first.wording.clause), (VECTOR, first.vector_clause))
    }
    documents = list(dict.fromkeys(document for scores in cut.values() for document in scores))
    right = np.array([document in asked.right for document in documents], bool)
    normal: dict[Fusion, tuple[Floats, Floats]] = {}
    found: list[float] = []
    for (fusion, mean), alike in groupby(settings, lambda setting: (setting.fusion, setting.mean)):
        if fusion not in normal:
            normal[fusion] = _columns(cut, documents, fusion)
        weights = np.array([setting.weight for setting in alike])
        found += [reciprocal_rank(row, right, k) for row in fuse(fusion, mean, weights, *normal[fusion])]
    return found


def baselines(asked: Asked, k: int = 10) -> dict[str, float]:
    """Reciprocal ranks of the caption alone, of the vector alone, and of the talk's sum of raw scores."""
    clauses = {name: asked.scores[name] for name in (CAPTION, VECTOR)}
    documents = list(dict.fromkeys(document for scores in clauses.values() for document in scores))
    right = np.array([document in asked.right for document in documents], bool)
    raw = {name: np.array([scores.get(d, 0.0) for d in documents]) for name, scores in clauses.items()}
    alone = {
        f"{name} alone": reciprocal_rank(np.where(raw[name] > 0, raw[name], -np.inf), right, k)
        for name in (CAPTION, VECTOR)
    }
    return {**alone, "plain sum": reciprocal_rank(raw[CAPTION] + raw[VECTOR], right, k)}


def reciprocal_rank(scores: Floats, right: NDArray[np.bool_], k: int) -> float:
    """1/rank of the first right one of (N,) ``scores``, 0 beyond ``k``; of equal scores the earlier comes first."""
    hits = np.flatnonzero(right & np.isfinite(scores))
    if not len(hits):
        return 0.0
    first = int(hits[scores[hits].argmax()])
    rank = 1 + int((scores > scores[first]).sum()) + int((scores[:first] == scores[first]).sum())
    return 1.0 / rank if rank <= k else 0.0


def fuse(fusion: Fusion, mean: Mean, weights: Floats, caption: Floats, vector: Floats) -> Floats:
    """(W, N) fused scores of (N,) normalised ones, for (W,) shares of the vector clause; 0 stands for a clause that did not find
    the document.
    """
    if fusion == "rrf":
        return np.broadcast_to(caption + vector, (len(weights), len(caption)))
    second = weights[:, None]
    first = 1 - second
    if mean == "arithmetic":
        return np.asarray(first * caption + second * vector)
    here = [column > 0 for column in (caption, vector)]
    weight = np.maximum(first * here[0] + second * here[1], 1e-300)
    safe = [np.where(there, column, 1.0) for there, column in zip(here, (caption, vector), strict=True)]
    if mean == "geometric":
        fused = np.exp((first * np.log(safe[0]) + second * np.log(safe[1])) / weight)
    else:
        fused = weight / np.maximum(first * here[0] / safe[0] + second * here[1] / safe[1], 1e-300)
    return np.where(here[0] | here[1], fused, 0.0)


def cross_validated(ranks: Floats, groups: NDArray[np.int64], folds: int = 5, seed: int = 0) -> Floats:
    """(Q,): each query's reciprocal rank under the setting that is best for the queries of the other folds.

    ``ranks``: (Q, S); ``groups``: (Q,) int64, queries of one number stay in one fold.
    """
    fold = folds_of(groups, folds, seed)
    found = np.zeros(len(ranks))
    for at in range(folds):
        held = fold == at
        if held.any() and not held.all():
            found[held] = ranks[held, int(ranks[~held].mean(axis=0).argmax())]
    return found


def folds_of(groups: NDArray[np.int64], folds: int = 5, seed: int = 0) -> NDArray[np.int64]:
    """(Q,) int64, the fold of each query; those of one group are in one."""
    names, places = np.unique(groups, return_inverse=True)
    fold = np.empty(len(names), np.int64)
    fold[np.random.default_rng(seed).permutation(len(names))] = np.arange(len(names)) % folds
    return np.asarray(fold[places])


def _columns(
    scores: Mapping[str, Mapping[str, float]], documents: Sequence[str], fusion: Fusion
) -> tuple[Floats, Floats]:
    normal = {name: normalized(fusion, found) for name, found in scores.items()}
    first, second = (np.array([normal[name].get(d, 0.0) for d in documents]) for name in (CAPTION, VECTOR))
    return first, second
