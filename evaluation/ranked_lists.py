"""Figures of ranked lists of ids, as a search gives them: only the first places are known, not the whole gallery."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .metrics import KS

Floats = NDArray[np.float64]
NAMES = tuple(f"{figure}@{k}" for figure in ("MRR", "R", "nDCG") for k in KS)


def list_figures(ids: Sequence[str], grades: Mapping[str, int]) -> Floats:
    """(len(NAMES),) float64: MRR@k, R@k and nDCG@k of one query that is answered with ``ids``, best first.

    ``grades``: id of each right answer to its grade, above 0. R@k is 1 where a right answer stands among the first k, as everywhere
    in clipseek. nDCG has the grade itself as gain and log2 discounts (Järvelin and Kekäläinen 2002, as trec_eval's ndcg_cut), over
    the best order of ``grades``.
    """
    gains = [grades.get(name, 0) for name in ids[: KS[-1]]]
    ideal = sorted(grades.values(), reverse=True)
    first = next((place for place, gain in enumerate(gains, 1) if gain > 0), math.inf)
    reciprocal = [1 / first if first <= k else 0.0 for k in KS]
    hit = [float(first <= k) for k in KS]
    cumulated = [_dcg(gains[:k]) / best if (best := _dcg(ideal[:k])) else 0.0 for k in KS]
    return np.array([*reciprocal, *hit, *cumulated])


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))
