"""Which fusion suits an index: each clause's candidates are fetched once a query, and every setting is tried on them here.

Pure, but for ``fetch``. The arithmetic is that of ``fusion.py``, over arrays; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import opensearchpy
from numpy.typing import NDArray

from . import candidates
from .bodies import clauses
from .fusion import normalized
from .pipelines import MEANS, Fusion, Mean
from .queries import CAPTION, VECTOR, Query
from .versions import Version

Floats = NDArray[np.float64]
WEIGHTS = tuple(at / 10 for at in range(1, 10))
#: For the arithmetic mean alone: one clause leads, and the other decides what it leaves equal, or nothing.
EDGES = (0.0, 0.01, 0.02, 0.05, 0.95, 0.98, 0.99, 1.0)


@dataclass(frozen=True)
class Setting:
    """``weight`` is the vector clause's share."""

    fusion: Fusion
    mean: Mean
    weight: float

    def __str__(self) -> str:
        if self.fusion == "rrf":
            return "rrf"
        return f"{self.fusion}, {self.mean} mean, weight {self.weight:g}"


RRF = Setting("rrf", "arithmetic", 0.5)


def grid() -> list[Setting]:
    """Every setting that OpenSearch 2.19 can do."""
    normal: tuple[Fusion, ...] = ("min_max", "l2")
    usual = [Setting(fusion, mean, weight) for fusion in normal for mean in MEANS for weight in WEIGHTS]
    return [RRF, *usual, *(Setting(fusion, "arithmetic", weight) for fusion in normal for weight in EDGES)]


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
) -> Asked:
    """The candidates for the words ``text`` and their (D,) ``vector``, none of them in ``without``. One request."""
    query = Query(text, kind="hybrid")
    filters: list[dict[str, Any]] = [{"bool": {"must_not": [{"ids": {"values": list(without)}}]}}] if without else []
    found = clauses(query, vector, filters)
    answer = candidates.ask(client, version.index, query, found, shards=1, copies="tune")
    return Asked(answer.scores, frozenset(right))


def reciprocal_ranks(asked: Asked, settings: Sequence[Setting], k: int = 10) -> Floats:
    """(S,) float64: for each setting 1/rank of the first right answer, 0 beyond rank ``k``."""
    documents = list(dict.fromkeys(document for scores in asked.scores.values() for document in scores))
    right = np.array([document in asked.right for document in documents], bool)
    normal: dict[Fusion, tuple[Floats, Floats]] = {}
    found = np.zeros(len(settings))
    for at, setting in enumerate(settings):
        if setting.fusion not in normal:
            normal[setting.fusion] = _columns(asked, documents, setting.fusion)
        found[at] = reciprocal_rank(fuse(setting, *normal[setting.fusion]), right, k)
    return found


def baselines(asked: Asked, k: int = 10) -> dict[str, float]:
    """Reciprocal ranks of the caption alone, of the vector alone, and of the talk's sum of raw scores."""
    documents = list(dict.fromkeys(document for scores in asked.scores.values() for document in scores))
    right = np.array([document in asked.right for document in documents], bool)
    raw = {name: np.array([scores.get(d, 0.0) for d in documents]) for name, scores in asked.scores.items()}
    alone = {
        f"{name} alone": reciprocal_rank(np.where(raw[name] > 0, raw[name], -np.inf), right, k)
        for name in (CAPTION, VECTOR)
    }
    return {**alone, "plain sum": reciprocal_rank(raw[CAPTION] + raw[VECTOR], right, k)}


def reciprocal_rank(scores: Floats, right: NDArray[np.bool_], k: int) -> float:
    """1/rank of the first right one of (N,) ``scores``, 0 beyond ``k``; of equal scores the earlier comes first."""
    order = np.argsort(-scores, kind="stable")[:k]
    hits = np.flatnonzero(right[order] & np.isfinite(scores[order]))
    return 1.0 / (int(hits[0]) + 1) if len(hits) else 0.0


def fuse(setting: Setting, caption: Floats, vector: Floats) -> Floats:
    """(N,) fused scores of (N,) normalised ones; 0 stands for a clause that did not find the document."""
    weights = (1 - setting.weight, setting.weight)
    if setting.fusion == "rrf":
        return caption + vector
    if setting.mean == "arithmetic":
        return np.asarray(weights[0] * caption + weights[1] * vector)
    here = [column > 0 for column in (caption, vector)]
    weight = np.maximum(weights[0] * here[0] + weights[1] * here[1], 1e-300)
    safe = [np.where(there, column, 1.0) for there, column in zip(here, (caption, vector), strict=True)]
    if setting.mean == "geometric":
        fused = np.exp((weights[0] * np.log(safe[0]) + weights[1] * np.log(safe[1])) / weight)
    else:
        fused = weight / np.maximum(weights[0] * here[0] / safe[0] + weights[1] * here[1] / safe[1], 1e-300)
    return np.where(here[0] | here[1], fused, 0.0)


def cross_validated(ranks: Floats, groups: NDArray[np.int64], folds: int = 5, seed: int = 0) -> Floats:
    """(Q,): each query's reciprocal rank under the setting that is best for the queries of the other folds.

    ``ranks``: (Q, S); ``groups``: (Q,) int64, queries of one number stay in one fold.
    """
    names = np.unique(groups)
    fold_of = dict(
        zip(np.random.default_rng(seed).permutation(names).tolist(), np.arange(len(names)) % folds, strict=True)
    )
    fold = np.array([fold_of[group] for group in groups.tolist()])
    found = np.zeros(len(ranks))
    for at in range(folds):
        held = fold == at
        if held.any() and not held.all():
            found[held] = ranks[held, int(ranks[~held].mean(axis=0).argmax())]
    return found


def _columns(asked: Asked, documents: Sequence[str], fusion: Fusion) -> tuple[Floats, Floats]:
    normal = {name: normalized(fusion, scores) for name, scores in asked.scores.items()}
    first, second = (np.array([normal[name].get(d, 0.0) for d in documents]) for name in (CAPTION, VECTOR))
    return first, second
