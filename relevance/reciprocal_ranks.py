"""The reciprocal rank of a query's first right picture under every way to fuse its clauses' candidates. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from clipseek.evaluation.bootstrap import Floats
from clipseek.opensearch.query.fusion import Mean, Technique
from clipseek.opensearch.query.limits import CAPTION, VECTOR
from clipseek.opensearch.search.contributions import FLOOR
from clipseek.opensearch.search.index_defaults import Setting, Wording
from numpy.typing import NDArray

from .clause_scores import ClauseScores, caption_clause_name, vector_clause_name
from .score_columns import Columns, columns, normalised

K = 10
#: The baselines of ``baselines``, in the order of a report.
BASELINES = ("caption alone", "vector alone", "plain sum of raw scores")


def reciprocal_ranks(fetched: ClauseScores, settings: Sequence[Setting]) -> Floats:
    """(S,) float64: for each setting 1/rank of the first right answer, 0 beyond rank ``K``.

    Fastest where settings of one wording, depth, ef_search and way (complete or not) stand side by side, and in these those of one
    fusion and mean.
    """
    prepared: dict[tuple[Wording, int | None], Columns] = {}
    values: list[Floats] = []
    for (wording, depth, ef_search, complete), alike in groupby(
        settings, lambda each: (each.wording, each.fusion.depth, each.fusion.ef_search, each.fusion.complete)
    ):
        if (wording, ef_search) not in prepared:
            names = caption_clause_name(wording), vector_clause_name(ef_search)
            prepared[wording, ef_search] = columns(fetched, *names)
        right, raw = prepared[wording, ef_search].cut(depth, complete=complete)
        normal: dict[Technique, list[Floats]] = {}
        fused = []
        for (technique, mean), group in groupby(alike, lambda each: (each.fusion.technique, each.fusion.mean)):
            if technique not in normal:
                normal[technique] = [normalised(technique, one) for one in raw]
            caption, vector = normal[technique]
            if complete and mean != "arithmetic":  # as ``contributions.fused_scores``
                caption = np.where(caption > 0, caption, FLOOR)
            fused.append(fuse(technique, mean, np.array([each.fusion.weight for each in group]), caption, vector))
        values.append(reciprocal_rank(np.concatenate(fused), right))
    return np.concatenate(values)


def baselines(fetched: ClauseScores) -> tuple[float, float, float]:
    """Reciprocal ranks of ``BASELINES``: the caption alone, the vector alone, and the sum of their raw scores (BM25 and
    1 + cosine), which is what a bool query of the two gives.
    """
    right, (caption, vector) = columns(fetched, CAPTION, VECTOR).cut(None, complete=False)
    alone = [np.where(raw > 0, raw, -np.inf) for raw in (caption, vector)]
    by_caption, by_vector, by_sum = reciprocal_rank(np.stack([*alone, caption + vector]), right).tolist()
    return by_caption, by_vector, by_sum


def reciprocal_rank(scores: Floats, right: NDArray[np.bool_]) -> Floats:
    """(W,) float64: of each row of (W, N) scores 1/rank of the first that is ``right``, (N,) bool; 0 beyond ``K``, and for -inf. Of
    equal scores the earlier ranks first.
    """
    candidates = np.flatnonzero(right)
    if not len(candidates):
        return np.zeros(len(scores))
    first = candidates[scores[:, candidates].argmax(axis=1)]
    best = scores[np.arange(len(scores)), first]
    ranks = 1 + (scores > best[:, None]).sum(axis=1)
    for row in np.flatnonzero(ranks <= K):
        ranks[row] += int((scores[row, : first[row]] == best[row]).sum())
    return np.where((ranks <= K) & np.isfinite(best), 1.0 / ranks, 0.0)


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
