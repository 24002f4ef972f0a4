"""Fusion search: which way to fuse captions and vectors finds the right pictures of an index.

Each clause's candidates, and every clause's score of all of them, are fetched once a query; every setting of the grid, complete
or not, is then tried on them offline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import opensearchpy
from clipseek.evaluation.bootstrap import Floats
from clipseek.evaluation.judgments import numbered
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.pipelines.server_support import fuses
from clipseek.opensearch.protocols import AnyEncoder
from clipseek.opensearch.query.limits import VECTOR
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.opensearch.server.capabilities import server_version

from .clause_scores import fetch_scores
from .fusion_grid import RRF, fusions, grid, supported_wordings
from .hnsw_recall import ENOUGH_RECALL, query_recall
from .labelled_queries import LabelledQuery
from .reciprocal_ranks import BASELINES, baselines, reciprocal_ranks
from .tuning_decision import TUNED, Comparison, Ways, best_by_option, compare, decide, decide_ef_search

LEAST_QUERIES = 20
#: HNSW recall is measured with so many queries. Where it is lower than ENOUGH_RECALL, EF_SEARCHES are tried.
RECALL_QUERIES, EF_SEARCHES = 50, (400, 800)


@dataclass(frozen=True)
class TuningReport:
    """What was compared and what was chosen.

    ``best`` of ``compared`` settings, ``all_settings`` where wording and depth were open too (``all_options``: they were chosen).
    ``comparisons`` end with the tuned setting. ``ways``: the best complete fusion beside the best other one. ``by_option``: MRR@10
    of the best fusion with each wording, depth and ef_search. ``ef_searches``: those tried; ``written``: whether ``best`` is now
    the index's default.
    """

    queries: int
    best: Setting
    all_options: bool
    compared: int
    all_settings: int
    comparisons: tuple[Comparison, ...]
    ways: Ways
    by_option: Mapping[str, float]
    hnsw_recall: float
    ef_searches: tuple[int, ...]
    written: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "queries": self.queries,
            "best": self.best.kept(),
            "written": self.written,
            "report": [row.as_dict() for row in self.comparisons],
            "ways": asdict(self.ways),
            "by_option": dict(self.by_option),
            "hnsw_recall@10": self.hnsw_recall,
        }


def tune(
    client: opensearchpy.OpenSearch,
    version: Version,
    encoder: AnyEncoder,
    queries: Sequence[LabelledQuery],
    *,
    ef_searches: Sequence[int] = (),
    write: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TuningReport:
    """Compare every fusion, wording and depth by cross-validated MRR@10 over ``queries``, and make the best the index's default.

    Every fusion is tried complete and not (``Fusion.complete``), from one fetch.

    ``ef_searches`` are tried too; by default where HNSW recall is low. Without ``write`` the index stays as it is. Raises
    InvalidOption for fewer than LEAST_QUERIES, ModelMismatch for an encoder of another model, and the errors of the tree.
    """
    if len(queries) < LEAST_QUERIES:
        raise InvalidOption(
            f"{len(queries)} queries with ids, words and right answers are too few to tune with; give at least {LEAST_QUERIES}"
        )
    version.check_model(encoder.fingerprint, encoder.dimension)
    vectors = encoder.encode_texts([query.words for query in queries])
    groups = numbered([query.group for query in queries])
    shards = len(client.search_shards(index=version.index)["shards"])
    ranks_too = fuses(server_version(client), "rrf", (0.5, 0.5), shards)
    settings, usual = grid(supported_wordings(client, version), ranks=ranks_too), len(fusions(ranks=ranks_too))
    rows: list[Floats] = []
    of_baselines, recalls = [], []
    for row, fetched in enumerate(fetch_scores(client, version, queries, vectors, settings, progress)):
        if row < RECALL_QUERIES:
            candidates = fetched.scores[VECTOR]
            recalls.append(query_recall(client, version, candidates, vectors[row], queries[row].excluded))
        rows.append(reciprocal_ranks(fetched, settings))
        of_baselines.append(baselines(fetched))
    ranks, recall = np.stack(rows), float(np.mean(recalls))
    decision = decide(ranks, settings, usual, groups)
    best, by_option = decision.best, best_by_option(ranks, settings, decision.best)
    tried = tuple(ef_searches) or (EF_SEARCHES if recall < ENOUGH_RECALL else ())
    if tried:
        widened = [replace(best, fusion=replace(best.fusion, ef_search=ef_search)) for ef_search in (None, *tried)]
        fetching = fetch_scores(client, version, queries, vectors, widened, progress)
        wider = np.stack([reciprocal_ranks(fetched, widened) for fetched in fetching])
        means = wider.mean(axis=0).tolist()
        by_option.update({f"ef_search {n or 'usual'}": mean for n, mean in zip((None, *tried), means, strict=True)})
        best = decide_ef_search(wider, widened, groups)
    named = dict(zip(BASELINES, np.array(of_baselines).T, strict=True))
    if ranks_too:
        named["rrf"] = ranks[:, settings.index(replace(RRF, wording=settings[0].wording))]
    named["fusion alone tuned" if decision.all_options else "words and depth tuned too"] = decision.passed_over
    named[TUNED] = decision.cross_validated
    report = TuningReport(
        queries=len(queries),
        best=best,
        all_options=decision.all_options,
        compared=len(settings) if decision.all_options else usual,
        all_settings=len(settings),
        comparisons=compare(named, decision.cross_validated, groups),
        ways=decision.ways,
        by_option=by_option,
        hnsw_recall=recall,
        ef_searches=tried,
        written=write,
    )
    if write:
        versions.write_meta(client, version, "search", best.kept())
    return report
