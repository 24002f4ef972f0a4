"""Every mode in which an index can be searched: what is sent for a labelled query, what it finds, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import opensearchpy
from clipseek.opensearch.index.vectors import stored_vectors
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.pipelines.server_support import fuses
from clipseek.opensearch.pipelines.stored_pipelines import with_pipeline
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.fusion import TECHNIQUES, Fusion
from clipseek.opensearch.query.limits import VECTOR, Kind
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.plan import Plan, make_plan
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.scope import Scope
from clipseek.opensearch.query.vectors import compose
from clipseek.opensearch.search.ask import Asker
from clipseek.opensearch.search.index_defaults import Setting, Wording
from numpy.typing import NDArray

from .labelled_queries import LabelledQuery

NOT_COMPLETE = ", not complete"
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


def own_setting(client: opensearchpy.OpenSearch, version: Version) -> Setting:
    """How the index is searched by default: as it was tuned, or by its stored pipeline as that is now."""
    setting = Setting.of(version)
    return replace(setting, fusion=with_pipeline(client, version, setting.fusion, 2))


def search_modes(
    own: Setting | None,
    server: tuple[int, int],
    shards: int = 1,
    *,
    both_ways: bool = False,
    ocr: float | None = None,
) -> list[SearchMode]:
    """Every mode that a server of version ``server`` has: by caption, by vector, by both with each fusion, by a picture, by a
    picture and words. ``own``: the index's default, where it has one. ``both_ways``: after each complete hybrid the one that is
    not, its name with ``NOT_COMPLETE``. ``ocr``: as the index's ``Wording`` has it.
    """
    usual = Setting(wording=Wording(ocr=ocr))
    modes = [SearchMode("caption", "caption", setting=usual), SearchMode("vector", "vector")]
    if own is not None:
        modes.append(SearchMode("hybrid, tuned", "hybrid", setting=own))
    for technique in TECHNIQUES:
        if fuses(server, technique, (0.5, 0.5), shards):
            modes.append(SearchMode(f"hybrid, {technique}", "hybrid", setting=replace(usual, fusion=Fusion(technique))))
    modes += [SearchMode("picture", "vector", True), SearchMode("picture and words", "hybrid", True, own or usual)]
    return [each for mode in modes for each in (_both(mode) if both_ways else [mode])]


def _both(mode: SearchMode) -> list[SearchMode]:
    fusion = mode.setting.fusion
    if mode.kind != "hybrid" or not fusion.complete:
        return [mode]
    setting = replace(mode.setting, fusion=replace(fusion, complete=False))
    return [mode, replace(mode, name=f"{mode.name}{NOT_COMPLETE}", setting=setting)]


def mode_plan(
    mode: SearchMode,
    query: LabelledQuery,
    text: NDArray[np.float32],
    stored: Mapping[str, NDArray[np.float32]],
    page: Page,
) -> Plan:
    """What ``clipseek search`` would send for ``query``. ``text``: (D,) unit vector of its words; ``stored``: id to (D,) unit
    vector.
    """
    searched = mode.setting.worded(Query(query.words, kind=mode.kind))
    excluded, vector = list(query.excluded), text
    if mode.by_picture and query.own is not None:
        excluded = list(dict.fromkeys([*excluded, query.own]))
        vector = compose(text if mode.kind == "hybrid" else None, [(1.0, stored[query.own])])
    fusion = mode.setting.fusion_for(searched, page)
    return make_plan(searched, fusion, page, Scope(without_ids(excluded)), {VECTOR: vector})


@dataclass(frozen=True)
class TimedHits:
    """Hits, best first. ``milliseconds``: of all of a search's requests and their reading; ``took``: the server's own count."""

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
    asker = Asker(client, version, partial(stored_vectors, client, version))
    for start in range(0, len(queries), _VECTORS_AT_ONCE):
        batch = queries[start : start + _VECTORS_AT_ONCE]
        own = [query.own for query in batch if query.own and query.alike] if any(m.by_picture for m in modes) else []
        stored = stored_vectors(client, version, list(dict.fromkeys(own)))
        pairs = list(zip(batch, texts[start : start + len(batch)], strict=True))
        warm = pairs[:_WARM] if start == 0 else []
        for row, (query, text) in enumerate([*warm, *pairs]):
            usable = [mode for mode in modes if not mode.by_picture or query.own in stored]
            hits = {mode.name: _search(asker, mode_plan(mode, query, text, stored, Page(size))) for mode in usable}
            if row >= len(warm):
                yield hits


def _search(asker: Asker, plan: Plan) -> TimedHits:
    began = time.perf_counter()
    answer = asker.ask(plan)
    milliseconds = 1e3 * (time.perf_counter() - began)
    return TimedHits(
        [hit.id for hit in answer.hits], [hit.score for hit in answer.hits], milliseconds, answer.milliseconds
    )
