"""Which graph suits an index's own vectors: small variants of it are built beside it, measured, and removed again.

A variant's recall is of its approximate search against the exact one over the same sample, computed here. What a variant needs in
memory is OpenSearch's own estimate: 1.1 (4 D / compression + 8 m) bytes a vector.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.errors import RequestRefused, ServerUnfit
from clipseek.opensearch.index.load_vectors import fill
from clipseek.opensearch.index.mapping import Engine, IndexOptions
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.server.capabilities import check_engine
from numpy.typing import NDArray

from .ann_recall import graph_body

KS = (10, 100)
# Engines' rounding, and another order of summation.
_SAME = 1e-5
GRAPHS = ((8, 64), (16, 128), (32, 500))
SIZES: dict[Engine, tuple[str, ...]] = {"lucene": ("1x", "4x"), "faiss": ("1x", "2x", "16x")}


@dataclass(frozen=True)
class Measured:
    """A variant and what it does.

    ``recall``: of the 10 and of the 100 truly nearest, the mean share found; ``milliseconds``: of a search for 10, the median;
    ``disk`` and ``memory``: bytes a vector; ``seconds``: to index the sample and merge it.
    """

    options: IndexOptions
    recall: tuple[float, float]
    milliseconds: float
    disk: float
    memory: float
    seconds: float

    @property
    def preset(self) -> str:
        """As ``clipseek ingest --preset`` takes it."""
        return self.options.preset


def variants(client: opensearchpy.OpenSearch) -> list[IndexOptions]:
    """Every graph and compression that this server's engines have."""
    found = []
    for engine, sizes in SIZES.items():
        try:
            check_engine(client, engine)
        except ServerUnfit:
            continue
        found += [
            IndexOptions(engine=engine, m=m, ef_construction=ef, compression=size) for size in sizes for m, ef in GRAPHS
        ]
    return found


def measure(
    client: opensearchpy.OpenSearch,
    options: IndexOptions,
    vectors: NDArray[np.float32],
    queries: NDArray[np.int64],
    *,
    name: str,
    depth: int = DEPTH,
) -> Measured | None:
    """Build the variant over (N, D) unit ``vectors`` as an index called ``name``, search with the rows ``queries``, and remove it.

    ``None`` where the server refuses the mapping. Raises the errors of the tree.
    """
    began = time.perf_counter()
    try:
        with built(client, name, options, vectors.shape[1]) as index:
            fill(client, index, vectors)
            seconds = time.perf_counter() - began
            stats = client.indices.stats(index=index, metric="store")
            disk = int(stats["indices"][index]["primaries"]["store"]["size_in_bytes"]) / len(vectors)
            shares, took = [], []
            for row in queries.tolist():
                found = _ids(client, index, vectors[row], KS[-1] + 1, depth)
                shares.append(recall_of(vectors, row, found))
                began = time.perf_counter()
                _ids(client, index, vectors[row], KS[0], depth)
                took.append(1e3 * (time.perf_counter() - began))
    except RequestRefused as problem:
        if problem.status == 400 and problem.kind == "mapper_parsing_exception":
            return None
        raise
    at_10, at_100 = np.mean(shares, axis=0).tolist()
    size = 4 * vectors.shape[1] / int(options.compression[:-1])
    return Measured(options, (at_10, at_100), statistics.median(took), disk, 1.1 * (size + 8 * options.m), seconds)


@contextmanager
def built(client: opensearchpy.OpenSearch, name: str, options: IndexOptions, dimension: int) -> Iterator[str]:
    """An index that is gone afterwards, whatever happens meanwhile."""
    body = options.body(dimension, {})
    body["settings"]["index"].update({"auto_expand_replicas": "false", "number_of_replicas": 0})
    try:
        client.indices.create(index=name, body=body)
        yield name
    finally:
        client.indices.delete(index=name, ignore_unavailable=True)


def trial_name(alias: str) -> str:
    """A name that no index has, which says what it is for."""
    return f"{alias}-advise-{uuid.uuid4().hex[:12]}"


def recall_of(vectors: NDArray[np.float32], row: int, found: Sequence[int]) -> tuple[float, ...]:
    """Of the ``KS`` truly nearest of ``vectors`` to its own ``row``, the shares among the first of ``found``; the row itself
    counts on neither side.
    """
    cosines = vectors @ vectors[row]
    order = np.argsort(-cosines, kind="stable")
    true = cosines[order[order != row]]
    ours = [cosines[at] for at in found if at != row]
    shares = []
    for k in KS:
        wanted = min(k, len(true))
        shares.append(sum(score >= true[wanted - 1] - _SAME for score in ours[:k]) / wanted)
    return tuple(shares)


def pareto(measured: Sequence[Measured]) -> list[bool]:
    """Whether no other is at least as good in recall@10, memory and latency, and better in one."""

    def figures(one: Measured) -> tuple[float, float, float]:
        return (-round(one.recall[0], 4), round(one.memory), round(one.milliseconds, 1))

    points = [figures(one) for one in measured]
    return [
        not any(other != point and all(a <= b for a, b in zip(other, point, strict=True)) for other in points)
        for point in points
    ]


def choose(measured: Sequence[Measured], least: float) -> Measured:
    """Of those with a recall@10 of at least ``least`` the one that needs least memory, the fastest of equals; else the best
    recall.
    """
    enough = [one for one in measured if one.recall[0] >= least]
    if not enough:
        return max(measured, key=lambda one: one.recall)
    return min(enough, key=lambda one: (one.memory, one.milliseconds))


def _ids(client: opensearchpy.OpenSearch, index: str, vector: NDArray[np.float32], size: int, depth: int) -> list[int]:
    body: dict[str, Any] = graph_body(vector, size, [])
    body["query"]["knn"]["image_vector"]["k"] = max(depth, size)
    rows = client.search(index=index, body=orjson.dumps(body))["hits"]["hits"]
    return [int(row["_id"]) for row in rows]
