"""Whether an index finds what is nearest: HNSW recall over pictures of its own, all of them and with a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import opensearchpy
from clipseek.evaluation.bootstrap import intervals
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.filters import parse_filters

from .hnsw_recall import KS, hnsw_recalls, sample_vectors
from .progress import Progress, no_progress

#: Mean HNSW recall from which on an index needs nothing.
ENOUGH_RECALL = 0.99
ALL = "all pictures"


@dataclass(frozen=True)
class RecallFigure:
    """Mean HNSW recall@k among ``pictures`` (all of them, or a filter's words), with its 95 % interval."""

    pictures: str
    k: int
    recall: float
    low: float
    high: float


@dataclass(frozen=True)
class IndexCheck:
    """``queries``: how many pictures were searched with; ``preset``: the index's own graph, where it has a name."""

    queries: int
    figures: tuple[RecallFigure, ...]
    preset: str | None

    @property
    def worst(self) -> RecallFigure:
        return min(self.figures, key=lambda figure: figure.recall)

    @property
    def good(self) -> bool:
        """Whether every figure is at least ENOUGH_RECALL."""
        return self.worst.recall >= ENOUGH_RECALL

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_index(
    client: opensearchpy.OpenSearch,
    version: Version,
    *,
    queries: int = 100,
    filters: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = no_progress,
) -> IndexCheck:
    """HNSW recall@10 and @100 of up to ``queries`` pictures drawn by ``seed``: among all, and among those that ``filters`` leave.

    Without filters, the most frequent value of the first keyword column is one. Raises InvalidOption for an index without pictures
    or a filter that does not fit, and the errors of the tree.
    """
    vectors = sample_vectors(client, version, queries, seed)
    chosen = list(filters) or frequent_filter(client, version)
    cases: list[tuple[str, list[dict[str, Any]]]] = [(ALL, [])]
    if chosen:
        cases.append((" ".join(chosen), parse_filters(chosen, version.fields)))
    figures = []
    for name, clauses in cases:
        recalls = hnsw_recalls(client, version, vectors, clauses, phase=f"searching {name}", progress=progress)
        bounds = intervals(recalls).tolist()
        for column, (k, (low, high)) in enumerate(zip(KS, bounds, strict=True)):
            figures.append(RecallFigure(name, k, float(recalls[:, column].mean()), low, high))
    return IndexCheck(len(vectors), tuple(figures), version.preset)


def frequent_filter(client: opensearchpy.OpenSearch, version: Version) -> list[str]:
    """``column=value``, the most frequent value of the first keyword column; nothing where the index has no such column."""
    column = next((name for name, kind in version.fields.items() if kind == "keyword"), None)
    if column is None:
        return []
    body = {"size": 0, "aggs": {"values": {"terms": {"field": f"metadata.{column}", "size": 1}}}}
    buckets = client.search(index=version.index, body=body)["aggregations"]["values"]["buckets"]
    return [f"{column}={buckets[0]['key']}"] if buckets else []
