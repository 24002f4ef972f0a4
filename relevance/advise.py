"""Which graph and compression suit an index's own vectors: small variants of it are built beside it, measured, and removed again.

A variant's recall is that of its approximate search against the exact one over the same sample, computed here. What a variant needs
in memory is OpenSearch's own estimate: 1.1 (4 D / compression + 8 m) bytes a vector.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.errors import InvalidOption, RequestRefused, ServerUnfit
from clipseek.opensearch.index.mapping import Engine, IndexOptions
from clipseek.opensearch.index.vectors import load_vectors
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.search.browse import count_pictures
from clipseek.opensearch.server.capabilities import check_engine
from numpy.typing import NDArray

from .hnsw_recall import KS, hnsw_body, recall_beside_itself, sample_vectors

LEAST_PICTURES = 200
#: (m, ef_construction) of the graphs that are tried, and the compressions of each engine.
GRAPHS = ((8, 64), (16, 128), (32, 500))
COMPRESSIONS: dict[Engine, tuple[str, ...]] = {"lucene": ("1x", "4x"), "faiss": ("1x", "2x", "16x")}


@dataclass(frozen=True)
class MeasuredGraph:
    """A variant and its figures.

    ``recall``: mean HNSW recall@10 and @100; ``milliseconds``: of a search for 10, the median; ``disk`` and ``memory``: bytes a
    vector; ``seconds``: to index the sample and merge it.
    """

    options: IndexOptions
    recall: tuple[float, float]
    milliseconds: float
    disk: float
    memory: float
    seconds: float


@dataclass(frozen=True)
class Advice:
    """``vectors``: how many were in each variant; ``pictures``: in the index itself. ``on_front``: of each variant, whether no
    other beats it in recall, memory and latency. ``best``: the one to take; ``mapping``: its ``image_vector``.
    """

    vectors: int
    pictures: int
    measured: tuple[MeasuredGraph, ...]
    on_front: tuple[bool, ...]
    best: MeasuredGraph
    mapping: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        rows = [
            {
                "engine": graph.options.engine,
                "preset": graph.options.preset,
                **{f"recall@{k}": recall for k, recall in zip(KS, graph.recall, strict=True)},
                **{name: getattr(graph, name) for name in ("milliseconds", "disk", "memory", "seconds")},
                "pareto": front,
            }
            for graph, front in zip(self.measured, self.on_front, strict=True)
        ]
        return {"vectors": self.vectors, "chosen": self.mapping, "variants": rows}


def advise(
    client: opensearchpy.OpenSearch,
    version: Version,
    *,
    vectors: int = 5000,
    queries: int = 100,
    depth: int = DEPTH,
    least_recall: float = 0.99,
    measured: Callable[[IndexOptions, MeasuredGraph | None], None] = lambda options, graph: None,
) -> Advice:
    """Build every variant that the server can over a sample of the index's ``vectors``, search each with ``queries`` of them, and
    choose.

    ``measured`` is called after each variant, with ``None`` where the server does not take it. No variant is left behind, also when
    interrupted. Raises InvalidOption for an index with fewer than LEAST_PICTURES, and the errors of the tree.
    """
    sample = np.stack(sample_vectors(client, version, vectors))
    if len(sample) < LEAST_PICTURES:
        raise InvalidOption(
            f"index {version.alias} has {len(sample)} pictures; give it {LEAST_PICTURES} or more to tell graphs apart"
        )
    rows = np.random.default_rng(0).permutation(len(sample))[:queries]
    graphs: list[MeasuredGraph] = []
    for options in variants(client):
        name = f"{version.alias}-advise-{uuid.uuid4().hex[:12]}"
        graph = measure(client, options, sample, rows, name=name, depth=depth)
        measured(options, graph)
        if graph is not None:
            graphs.append(graph)
    if not graphs:
        raise InvalidOption("the server took none of the variants; is its plugin opensearch-knn complete?")
    best = choose(graphs, least_recall)
    pictures = count_pictures(client, version)[0]
    mapping = best.options.body(version.dimension, {})["mappings"]["properties"]["image_vector"]
    return Advice(len(sample), pictures, tuple(graphs), tuple(pareto(graphs)), best, mapping)


def variants(client: opensearchpy.OpenSearch) -> list[IndexOptions]:
    """Every graph and compression that this server's engines have."""
    usable = []
    for engine, compressions in COMPRESSIONS.items():
        try:
            check_engine(client, engine)
        except ServerUnfit:
            continue
        usable += [
            IndexOptions(engine=engine, m=m, ef_construction=ef_construction, compression=compression)
            for compression in compressions
            for m, ef_construction in GRAPHS
        ]
    return usable


def measure(
    client: opensearchpy.OpenSearch,
    options: IndexOptions,
    vectors: NDArray[np.float32],
    queries: NDArray[np.int64],
    *,
    name: str,
    depth: int = DEPTH,
) -> MeasuredGraph | None:
    """Build the variant over (N, D) unit ``vectors`` as an index called ``name``, search with the rows ``queries``, and remove it.

    ``None`` where the server refuses the mapping. Raises the errors of the tree.
    """
    body = options.body(vectors.shape[1], {})
    body["settings"]["index"].update({"auto_expand_replicas": "false", "number_of_replicas": 0})
    began = time.perf_counter()
    try:
        client.indices.create(index=name, body=body)
        load_vectors(client, name, vectors)
        seconds = time.perf_counter() - began
        stats = client.indices.stats(index=name, metric="store")
        disk = int(stats["indices"][name]["primaries"]["store"]["size_in_bytes"]) / len(vectors)
        recalls, milliseconds = [], []
        for row in queries.tolist():
            recalls.append(recall_of(vectors, row, _nearest(client, name, vectors[row], KS[-1] + 1, depth)))
            began = time.perf_counter()
            _nearest(client, name, vectors[row], KS[0], depth)
            milliseconds.append(1e3 * (time.perf_counter() - began))
    except RequestRefused as problem:
        if problem.status == 400 and problem.kind == "mapper_parsing_exception":
            return None
        raise
    finally:  # whatever happens meanwhile, also when interrupted
        client.indices.delete(index=name, ignore_unavailable=True)
    at_10, at_100 = np.mean(recalls, axis=0).tolist()
    vector_bytes = 4 * vectors.shape[1] / int(options.compression[:-1])
    memory = 1.1 * (vector_bytes + 8 * options.m)
    return MeasuredGraph(options, (at_10, at_100), statistics.median(milliseconds), disk, memory, seconds)


def recall_of(vectors: NDArray[np.float32], row: int, rows: Sequence[int]) -> tuple[float, ...]:
    """HNSW recall@k for each of ``KS``: ``rows`` are what the search for ``vectors[row]`` found, best first; ``row`` itself is left
    out of both sides.
    """
    cosines = vectors @ vectors[row]
    exact = np.sort(cosines)[::-1].tolist()
    return tuple(recall_beside_itself(cosines[list(rows)].tolist(), exact, k) for k in KS)


def pareto(graphs: Sequence[MeasuredGraph]) -> list[bool]:
    """Whether no other is at least as good in recall@10, memory and latency, and better in one."""
    points = [(-round(each.recall[0], 4), round(each.memory), round(each.milliseconds, 1)) for each in graphs]
    return [
        not any(other != point and all(a <= b for a, b in zip(other, point, strict=True)) for other in points)
        for point in points
    ]


def choose(graphs: Sequence[MeasuredGraph], least_recall: float) -> MeasuredGraph:
    """Of those with a recall@10 of at least ``least_recall`` the one that needs least memory, the fastest of equals; else the best
    recall.
    """
    enough = [graph for graph in graphs if graph.recall[0] >= least_recall]
    if not enough:
        return max(graphs, key=lambda graph: graph.recall)
    return min(enough, key=lambda graph: (graph.memory, graph.milliseconds))


def _nearest(
    client: opensearchpy.OpenSearch, index: str, vector: NDArray[np.float32], size: int, depth: int
) -> list[int]:
    hits = client.search(index=index, body=orjson.dumps(hnsw_body(vector, size, depth=depth)))["hits"]["hits"]
    return [int(hit["_id"]) for hit in hits]
