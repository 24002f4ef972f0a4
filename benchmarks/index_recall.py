"""recall@10 of an index at clipseek's default settings on 50,000 vectors: ``python benchmarks/index_recall.py``.

Synthetic clusters by default; with ``--like INDEX`` vectors of that index, repeated with noise until there are enough. Each is
searched through the graph and exactly (opensearch/recall.py), among all and with filters that leave 50 % down to 0.1 %. Both
sides run in turns on the same queries; the index is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

import numpy as np
import orjson
from clipseek.evaluation.bootstrap import intervals
from clipseek.opensearch import connect
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.vectors import load_vectors
from clipseek.opensearch.query.filters import parse_filters
from clipseek.relevance.hnsw_recall import exact_body, hnsw_body, hnsw_recalls, sample_vectors
from servers import add_url, server

SHARES = {"half": 0.5, "tenth": 0.1, "hundredth": 0.01, "thousandth": 0.001}


def clusters(count: int, dimension: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors around 500 centres, a third of them close together."""
    centres = rng.normal(size=(500, dimension))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    width = np.where(np.arange(500) % 3 == 0, 0.2, 0.8)[:, None] / np.sqrt(dimension)
    chosen = rng.integers(0, 500, count)
    return centres[chosen] + rng.normal(size=(count, dimension)) * width[chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_url(parser)
    parser.add_argument("--like", metavar="INDEX")
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--queries", type=int, default=60)
    options = parser.parse_args()
    with server(options.url) as url:
        measure(connect(url, timeout=120), options)


def measure(client: Any, options: argparse.Namespace) -> None:
    rng = np.random.default_rng(0)
    if options.like:
        there = np.stack(sample_vectors(client, versions.current(client, options.like), 10_000))
        drawn = np.resize(np.arange(len(there)), options.count)
        rows = there[drawn] + rng.normal(size=(options.count, there.shape[1])) * 0.3 / np.sqrt(there.shape[1])
    else:
        rows = clusters(options.count, options.dimension, rng)
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    metadata = [{name: str(bool(rng.random() < share)) for name, share in SHARES.items()} for _ in vectors]
    version = versions.create(
        client,
        f"bench-recall-{os.getpid()}",
        fingerprint="be" * 32,
        dimension=vectors.shape[1],
        options=IndexOptions(fields=dict.fromkeys(SHARES, "keyword")),
    )
    try:
        began = time.perf_counter()
        load_vectors(client, version.index, vectors, metadata)
        print(f"{len(vectors):,} vectors of {vectors.shape[1]} in {time.perf_counter() - began:.0f} s")
        queries = sample_vectors(client, version, options.queries, seed=1)
        for name in (None, *SHARES):
            filters = parse_filters([f"{name}=True"], version.fields) if name else []
            found = hnsw_recalls(client, version, queries, filters)[:, 0]
            low, high = intervals(found[:, None])[0]
            took: list[list[float]] = [[], []]
            for vector in queries:
                for at, make in enumerate((hnsw_body, exact_body)):
                    body = orjson.dumps(make(vector, 10, filters))
                    start = time.perf_counter()
                    client.search(index=version.index, body=body)
                    took[at].append(1e3 * (time.perf_counter() - start))
            graph, exact = map(statistics.median, took)
            print(
                f"{'all' if name is None else f'{SHARES[name]:.1%}':>6}  recall@10 {found.mean():.4f} ({low:.4f}-{high:.4f})  "
                f"graph {graph:.1f} ms, exact {exact:.1f} ms, exact / graph {exact / graph:.2f}"
            )
            assert name is not None or found.mean() >= 0.99, "the graph misses what is nearest"
    finally:
        client.indices.delete(index=version.index, ignore_unavailable=True)


if __name__ == "__main__":
    main()
