"""Every mode in which an index can be searched: what is sent for a labelled query, what it finds, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.index.vectors import stored_vectors
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.fusion import TECHNIQUES, Fusion
from clipseek.opensearch.query.limits import SEARCH_PARAMETERS, VECTOR, Kind
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.plan import Plan, make_plan
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.scope import Scope
from clipseek.opensearch.query.vectors import compose
from clipseek.opensearch.search.ask import ranked_rows
from clipseek.opensearch.search.hits import read_hit
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.opensearch.search.second_requests import with_documents
from clipseek.opensearch.search.server_support import fuses
from numpy.typing import NDArray

from .labelled_queries import LabelledQuery

_WARM = 5
_VECTORS_AT_ONCE = 200


@dataclass(frozen=True)
class SearchMode:
    """A way to search. ``by_picture``: with the stored vector of the query's own picture, which is then left out of the answer.
    ``setting``: how a hybrid is searched.
    """

    name: str
    kind: Kind
    by_picture: bool = False
    setting: Setting = field(default_factory=Setting)

    def grades(self, query: LabelledQuery) -> Mapping[str, int]:
        """The right answers: by the query's own picture only those of its group."""
        return dict.fromkeys(query.alike, 1) if self.by_picture else query.grades


def search_modes(version: Version, server: tuple[int, int], shards: int = 1) -> list[SearchMode]:
    """Every mode that a server of version ``server`` has: by caption, by vector, by both with each fusion, by a picture, by a
    picture and words.
    """
    modes = [SearchMode("caption", "caption"), SearchMode("vector", "vector")]
    tuned = Setting.read(version.search)
    if version.search:
        modes.append(SearchMode("hybrid, tuned", "hybrid", setting=tuned))
    for technique in TECHNIQUES:
        if fuses(server, technique, (0.5, 0.5), shards):
            modes.append(SearchMode(f"hybrid, {technique}", "hybrid", setting=Setting(Fusion(technique))))
    by_picture = SearchMode("picture", "vector", True)
    return [*modes, by_picture, SearchMode("picture and words", "hybrid", True, tuned)]


def mode_plan(
    mode: SearchMode,
    query: LabelledQuery,
    text: NDArray[np.float32],
    stored: Mapping[str, NDArray[np.float32]],
    size: int,
) -> Plan:
    """What ``clipseek search`` would send for ``query``. ``text``: (D,) unit vector of its words; ``stored``: id to (D,) unit
    vector.
    """
    searched, page = mode.setting.worded(Query(query.words, kind=mode.kind)), Page(size)
    excluded, vector = list(query.excluded), text
    if mode.by_picture and query.own is not None:
        excluded = list(dict.fromkeys([*excluded, query.own]))
        vector = compose(text if mode.kind == "hybrid" else None, [(1.0, stored[query.own])])
    # As one request that is timed: every mode without completion.
    fusion = mode.setting.fusion_for(searched, page).changed(complete=False)
    return make_plan(searched, fusion, page, Scope(without_ids(excluded)), {VECTOR: vector})


@dataclass(frozen=True)
class TimedHits:
    """Hits, best first. ``milliseconds``: from sending the body to reading the answer; ``took``: the server's own count."""

    ids: list[str]
    scores: list[float]
    milliseconds: float
    took: int


def timed_searches(
    client: opensearchpy.OpenSearch,
    version: Version,
    queries: Sequence[LabelledQuery],
    texts: NDArray[np.float32],
    modes: Sequence[SearchMode],
    *,
    size: int = 20,
) -> Iterator[dict[str, TimedHits]]:
    """For each query its first ``size`` hits by the mode's name; without the modes by picture where the query has no picture, or
    none of its group.

    texts: (Q, D) unit vectors of the queries' words. The first queries are sent twice, so that caches are warm. Requests go one
    after the other, the modes in turns. Raises the errors of the tree.
    """
    for start in range(0, len(queries), _VECTORS_AT_ONCE):
        batch = queries[start : start + _VECTORS_AT_ONCE]
        own = [query.own for query in batch if query.own and query.alike] if any(m.by_picture for m in modes) else []
        stored = stored_vectors(client, version, list(dict.fromkeys(own)))
        pairs = list(zip(batch, texts[start : start + len(batch)], strict=True))
        warm = pairs[:_WARM] if start == 0 else []
        for row, (query, text) in enumerate([*warm, *pairs]):
            usable = [mode for mode in modes if not mode.by_picture or query.own in stored]
            hits = {mode.name: _search(client, version, mode_plan(mode, query, text, stored, size)) for mode in usable}
            if row >= len(warm):
                yield hits


def _search(client: opensearchpy.OpenSearch, version: Version, plan: Plan) -> TimedHits:
    data = orjson.dumps(plan.ranking_body if plan.in_two_steps else plan.search_body)
    began = time.perf_counter()
    answer = client.search(index=version.index, body=data, params=SEARCH_PARAMETERS)
    rows = answer["hits"]["hits"]
    if plan.in_two_steps:
        rows = with_documents(client, version.index, plan, ranked_rows(rows))
    milliseconds = 1e3 * (time.perf_counter() - began)
    hits = [read_hit(row, None, VECTOR) for row in rows]
    return TimedHits([hit.id for hit in hits], [hit.score for hit in hits], milliseconds, int(answer["took"]))
