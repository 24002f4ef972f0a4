"""Vectors that are there already, into an index with its graph: ``python benchmarks/vector_ingest.py``.

Ours (the writer that ``ingest`` uses) beside ``opensearchpy.helpers.bulk`` and ``parallel_bulk`` with lists, as their documentation
shows them. Each side fills an index of its own with the same documents and the same mapping, refreshes it, and counts; in turns, so
that what else the machine does falls on all of them. Rates are documents a second of the whole; CPU is this process's, user and
system together. The indexes are removed at the end.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import opensearchpy
from clipseek.opensearch import connect
from clipseek.opensearch.bulk.actions import Action
from clipseek.opensearch.bulk.writer import BulkWriter
from clipseek.opensearch.index.documents import create_action, timestamp
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.server.retry import Retry
from opensearchpy import helpers
from servers import add_url, server

Vectors = np.ndarray


def ours(url: str, index: str, vectors: Vectors, captions: Sequence[str] = ()) -> None:
    """The writer of ``ingest``; with ``captions``, one beside each vector."""
    client, now, nowhere = connect(url), timestamp(), Path()
    with BulkWriter(client, Retry(), stop=threading.Event()) as writer:
        for number, vector in enumerate(vectors):
            document: dict[str, Any] = {"image_id": str(number), "image_vector": vector, "ingested_at": now}
            if captions:
                document["caption"] = captions[number]
            writer.add(Action("create", str(number), nowhere, create_action(index, str(number), document)))
            writer.answers.clear()
        writer.settle()


def documents(index: str, vectors: Vectors) -> Iterator[dict[str, Any]]:
    """As opensearch-py's helpers take them: a list for each vector."""
    now = timestamp()
    for number, vector in enumerate(vectors):
        source = {"image_id": str(number), "image_vector": vector.tolist(), "ingested_at": now}
        yield {"_index": index, "_id": str(number), "_source": source}


def bulk(url: str, index: str, vectors: Vectors) -> None:
    """``helpers.bulk``."""
    helpers.bulk(opensearchpy.OpenSearch(url, timeout=120), documents(index, vectors))


def parallel_bulk(url: str, index: str, vectors: Vectors) -> None:
    """``helpers.parallel_bulk``, four threads."""
    for done, what in helpers.parallel_bulk(opensearchpy.OpenSearch(url, timeout=120), documents(index, vectors)):
        assert done, what


SIDES: dict[str, Callable[[str, str, Vectors], None]] = {
    "clipseek": ours,
    "helpers.bulk": bulk,
    "parallel_bulk": parallel_bulk,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_url(parser)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--refresh", help="the indexes' refresh interval, of all sides alike, like 30s; the server's own without it"
    )
    options = parser.parse_args()
    rows = np.random.default_rng(0).normal(size=(options.count, options.dimension)).astype(np.float32)
    vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    with server(options.url) as url:
        rates: dict[str, list[float]] = {name: [] for name in SIDES}
        cpu: dict[str, list[float]] = {name: [] for name in SIDES}
        for _ in range(options.rounds):
            for name, side in SIDES.items():
                seconds, used = measure(url, side, vectors, options.refresh)
                rates[name].append(len(vectors) / seconds)
                cpu[name].append(used)
        for name in SIDES:
            print(
                f"{name:>14}: {statistics.median(rates[name]):7,.0f} documents/s, {statistics.median(cpu[name]):6.2f} s of CPU"
            )
        for name in list(SIDES)[1:]:
            faster = statistics.median(a / b for a, b in zip(rates["clipseek"], rates[name], strict=True))
            share = statistics.median(a / b for a, b in zip(cpu["clipseek"], cpu[name], strict=True))
            print(f"against {name}: {faster:.2f} times the rate, {share:.3f} of the CPU (goals 1.5 and 0.125)")


def measure(
    url: str, side: Callable[[str, str, Vectors], None], vectors: Vectors, refresh: str | None = None
) -> tuple[float, float]:
    """(seconds until all is written, refreshed and counted; CPU seconds of this process)."""
    client, index = connect(url, timeout=120), f"bench-vectors-{os.getpid()}"
    client.indices.create(index=index, body=IndexOptions().body(vectors.shape[1], {}))
    if refresh:
        client.indices.put_settings(index=index, body={"index.refresh_interval": refresh})
    try:
        began, used = time.perf_counter(), time.process_time()
        side(url, index, vectors)
        client.indices.refresh(index=index)
        assert client.count(index=index)["count"] == len(vectors)
        return time.perf_counter() - began, time.process_time() - used
    finally:
        client.indices.delete(index=index)


if __name__ == "__main__":
    main()
