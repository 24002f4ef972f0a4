"""What a cut-off does in hybrids, as the index is searched by default; the cut-off itself is learnt from vectors alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import opensearchpy
from clipseek.evaluation.bootstrap import Floats, intervals
from clipseek.opensearch.index.vectors import stored_vectors
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.search.ask import Asker
from numpy.typing import NDArray

from .labelled_queries import LabelledQuery, groups_of
from .search_modes import SearchMode, mode_plan, own_setting

#: Of each kind so many queries are searched with, and so many hits looked at.
QUERIES, HITS = 200, 10


@dataclass(frozen=True)
class CutHybrids:
    """Among the first ``HITS`` of hybrids: ``reached``, the share of ``background`` queries with a hit that reaches the cut-off;
    ``kept``, the share of ``pairs``, the held-out ones, whose right picture does. Each with its 95 % interval. ``complete``:
    whether the hybrids are.
    """

    complete: bool
    background: int
    reached: float
    reached_interval: tuple[float, float]
    pairs: int
    kept: float
    kept_interval: tuple[float, float]


def cut_hybrids(
    client: opensearchpy.OpenSearch,
    version: Version,
    cosine: float,
    held_out: tuple[Sequence[LabelledQuery], NDArray[np.float32]],
    background: tuple[Sequence[LabelledQuery], NDArray[np.float32]],
) -> CutHybrids:
    """Search with a sample of both kinds of queries; of each, the queries and the (Q, D) unit vectors of their words. Raises the
    errors of the tree.
    """
    mode = SearchMode("hybrid", "hybrid", setting=own_setting(client, version))
    asker, page = Asker(client, version, partial(stored_vectors, client, version)), Page(HITS, min_cosine=cosine)

    def reaching(query: LabelledQuery, vector: NDArray[np.float32]) -> list[str]:
        return [hit.id for hit in asker.ask(mode_plan(mode, query, vector, {}, page)).hits if hit.relevant]

    shares = []
    for (queries, vectors), right in ((background, False), (held_out, True)):
        chosen = random.Random(0).sample(range(len(queries)), min(QUERIES, len(queries)))
        found = [(queries[at], reaching(queries[at], vectors[at])) for at in chosen]
        values = np.array([any(not right or name in query.grades for name in names) for query, names in found], float)
        shares.append((len(values), float(values.mean()), _interval(values, [query for query, _ in found])))
    return CutHybrids(mode.setting.fusion.complete, *shares[0], *shares[1])


def _interval(values: Floats, queries: Sequence[LabelledQuery]) -> tuple[float, float]:
    low, high = intervals(values[:, None], clusters=groups_of(queries))[0].tolist()
    return low, high
