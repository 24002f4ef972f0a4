"""The reciprocal rank of a query's first right picture under every way to fuse its clauses' candidates.

Pure. The arithmetic is that of ``opensearch/search/contributions.py``, over arrays; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, islice

import numpy as np
from clipseek.evaluation.bootstrap import Floats
from clipseek.opensearch.query.fusion import Mean, Technique
from clipseek.opensearch.query.limits import CAPTION, VECTOR
from clipseek.opensearch.search.contributions import normalized
from clipseek.opensearch.search.index_defaults import Setting
from numpy.typing import NDArray

from .fusion_grid import ClauseScores, caption_clause_name, vector_clause_name

K = 10
#: The baselines of ``baselines``, in the order of a report.
BASELINES = ("caption alone", "vector alone", "plain sum of raw scores")


def reciprocal_ranks(fetched: ClauseScores, settings: Sequence[Setting]) -> Floats:
    """(S,) float64: for each setting 1/rank of the first right answer, 0 beyond rank ``K``.

    Fastest where settings of one wording, depth and ef_search stand side by side, and in these those of one fusion and mean.
    """
    values: list[float] = []
    for (wording, depth, ef_search), alike in groupby(
        settings, lambda each: (each.wording, each.fusion.depth, each.fusion.ef_search)
    ):
        clauses = {CAPTION: caption_clause_name(wording), VECTOR: vector_clause_name(ef_search)}
        candidates = {name: dict(islice(fetched.scores[clause].items(), depth)) for name, clause in clauses.items()}
        documents, right = _documents(candidates, fetched.right)
        normal: dict[Technique, tuple[Floats, Floats]] = {}
        for (technique, mean), group in groupby(alike, lambda each: (each.fusion.technique, each.fusion.mean)):
            if technique not in normal:
                by_clause = {name: normalized(technique, scores) for name, scores in candidates.items()}
                normal[technique] = _columns(by_clause, documents)
            fused = fuse(technique, mean, np.array([each.fusion.weight for each in group]), *normal[technique])
            values += [reciprocal_rank(scores, right) for scores in fused]
    return np.array(values)


def baselines(fetched: ClauseScores) -> tuple[float, float, float]:
    """Reciprocal ranks of ``BASELINES``: the caption alone, the vector alone, and the sum of their raw scores (BM25 and
    1 + cosine), which is what a bool query of the two gives.
    """
    candidates = {name: fetched.scores[name] for name in (CAPTION, VECTOR)}
    documents, right = _documents(candidates, fetched.right)
    caption, vector = _columns(candidates, documents)
    alone = [reciprocal_rank(np.where(raw > 0, raw, -np.inf), right) for raw in (caption, vector)]
    return alone[0], alone[1], reciprocal_rank(caption + vector, right)


def reciprocal_rank(scores: Floats, right: NDArray[np.bool_]) -> float:
    """1/rank of the first right one of (N,) ``scores``, 0 beyond ``K``; of equal scores the earlier ranks first."""
    candidates = np.flatnonzero(right & np.isfinite(scores))
    if not len(candidates):
        return 0.0
    first = int(candidates[scores[candidates].argmax()])
    rank = 1 + int((scores > scores[first]).sum()) + int((scores[:first] == scores[first]).sum())
    return 1.0 / rank if rank <= K else 0.0


def fuse(technique: Technique, mean: Mean, weights: Floats, caption: Floats, vector: Floats) -> Floats:
    """(W, N) fused scores of (N,) normalised ones, for (W,) shares of the vector clause; 0 stands for a clause that did not find
    the document.
    """
    if technique == "rrf":
        return np.broadcast_to(caption + vector, (len(weights), len(caption)))
    of_vector = weights[:, None]
    of_caption = 1 - of_vector
    if mean == "arithmetic":
        return np.asarray(of_caption * caption + of_vector * vector)
    in_caption, in_vector = caption > 0, vector > 0
    weight = np.maximum(of_caption * in_caption + of_vector * in_vector, 1e-300)
    safe_caption, safe_vector = np.where(in_caption, caption, 1.0), np.where(in_vector, vector, 1.0)
    if mean == "geometric":
        fused = np.exp((of_caption * np.log(safe_caption) + of_vector * np.log(safe_vector)) / weight)
    else:
        fused = weight / np.maximum(
            of_caption * in_caption / safe_caption + of_vector * in_vector / safe_vector, 1e-300
        )
    return np.where(in_caption | in_vector, fused, 0.0)


def _documents(
    candidates: Mapping[str, Mapping[str, float]], right: frozenset[str]
) -> tuple[list[str], NDArray[np.bool_]]:
    """The ids that any clause found, and (N,) bool: whether each is right."""
    documents = list(dict.fromkeys(document for scores in candidates.values() for document in scores))
    return documents, np.array([document in right for document in documents], bool)


def _columns(scores: Mapping[str, Mapping[str, float]], documents: Sequence[str]) -> tuple[Floats, Floats]:
    """(N,) scores of the caption and of the vector clause, 0 where a clause did not find the document."""
    caption, vector = (np.array([scores[name].get(each, 0.0) for each in documents]) for name in (CAPTION, VECTOR))
    return caption, vector
