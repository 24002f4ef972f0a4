"""How cost grows with an index: ``python benchmarks/growth.py [--counts 10000,100000,1000000]``.

Vectors of 512 numbers with captions into an embedded node of its own, at the node's default heap: those of the index ``--like``
repeated with noise, and its captions drawn at random; without it, synthetic clusters and captions of common words. At each size,
the same index having grown to it, a row of a table for the docs: the rate of the whole since the last size, merging, refresh and
flush included, and the seconds that the server merged in it; bytes on disk and heap, beside what ``ingest`` estimates before;
recall@10; p50 and p99 of each kind of search at once, and of hybrids when merging is over or after ``SETTLE`` seconds; the
greatest resident memory of this process while it wrote. Then how that meets the goals. ``--url``: another server. About half an
hour on two quiet cores.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.opensearch import Page, Query, Searcher, connect
from clipseek.opensearch.bulk.actions import Action
from clipseek.opensearch.bulk.writer import BulkWriter
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.documents import create_action, timestamp
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.ingest.flushing import Flusher
from clipseek.opensearch.ingest.needs import needs_of
from clipseek.opensearch.server.retry import Retry
from clipseek.opensearch.server.transport import patient
from clipseek.relevance.hnsw_recall import hnsw_recalls, sample_vectors
from servers import add_url, server

DIMENSION, BATCH = 512, 1000
#: Seconds that merging is waited for before hybrids are measured again.
SETTLE = 300
WORDS = [
    "red",
    "blue",
    "green",
    "old",
    "small",
    "large",
    "house",
    "boat",
    "tree",
    "street",
    "sea",
    "hand",
    "sign",
    "arrow",
    "wheel",
    "light",
    "two",
    "three",
    "by",
    "of",
    "with",
]


class Corpus:
    """Endless documents: vectors like ``there`` with noise, captions drawn from ``captions``."""

    def __init__(self, there: np.ndarray, captions: list[str]) -> None:
        self.there, self.captions = there, captions
        self.rng = np.random.default_rng(0)

    def batches(self, count: int) -> Iterator[tuple[np.ndarray, list[str]]]:
        for start in range(0, count, BATCH):
            number = min(BATCH, count - start)
            rows = self.there[self.rng.integers(0, len(self.there), number)]
            noise = self.rng.normal(size=rows.shape) * 0.3 / np.sqrt(rows.shape[1])
            captions = [self.captions[index] for index in self.rng.integers(0, len(self.captions), number)]
            made = rows + noise
            yield (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32), captions


class Vectors:
    """An encoder whose texts are vectors of the corpus: searches cost what they cost the server."""

    fingerprint, dimension = "be" * 32, DIMENSION

    def __init__(self, there: np.ndarray) -> None:
        self.there, self.asked = there, 0

    def load_picture(self, data: bytes, crop: Any = None) -> Any:
        raise NotImplementedError

    encode_pictures = load_picture

    def encode_texts(self, texts: Any) -> np.ndarray:
        self.asked += 1
        return np.repeat(self.there[self.asked % len(self.there)][None], len(texts), 0).astype(np.float32)


def corpus_of(url: str | None, like: str | None) -> Corpus:
    if like:
        client = connect(url or "http://127.0.0.1:9200")
        there = np.stack(sample_vectors(client, versions.current(client, like), 10_000)).astype(np.float32)
        hits = client.search(index=like, body={"size": 10_000, "_source": ["caption"]})["hits"]["hits"]
        captions = [str(hit["_source"].get("caption") or "").split("\n")[0] for hit in hits]
        if there.shape[1] < DIMENSION:
            there = np.concatenate([there, there], axis=1)[:, :DIMENSION] / np.sqrt(2)
        return Corpus(there, list(filter(None, captions)))
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(500, DIMENSION))
    rows = centres[rng.integers(0, 500, 10_000)] + rng.normal(size=(10_000, DIMENSION)) * 0.8
    captions = [" ".join(rng.choice(WORDS, 6)) for _ in range(5000)]
    return Corpus((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), captions)


def fill(client: Any, version: Version, corpus: Corpus, first: int, count: int) -> float:
    """``count`` further documents, flushed on the way and at the end, as ``ingest`` does it. Returns this process's greatest memory
    meanwhile, in MB.
    """
    lasting, nowhere, memory = patient(client), Path(), 0.0
    with BulkWriter(lasting, Retry(), stop=threading.Event()) as writer:
        flusher = Flusher(lasting, version.index, writer)
        number = first
        for vectors, captions in corpus.batches(count):
            now = timestamp()
            for vector, caption in zip(vectors, captions, strict=True):
                fields = {"image_id": str(number), "image_vector": vector, "caption": caption, "ingested_at": now}
                writer.add(Action("create", str(number), nowhere, create_action(version.index, str(number), fields)))
                number += 1
            writer.answers.clear()
            flusher.maybe()
            memory = max(memory, resident())
        writer.settle()
        flusher.end()
    return memory


def resident() -> float:
    """MB of memory that this process holds; nan where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def searches(client: Any, alias: str, corpus: Corpus, queries: int) -> dict[str, tuple[float, float]]:
    """p50 and p99 in milliseconds of each kind of search."""
    searcher = Searcher.open(client, alias, Vectors(corpus.there))
    took: dict[str, list[float]] = {"caption": [], "vector": [], "hybrid": []}
    for number in range(queries):
        text = corpus.captions[number % len(corpus.captions)]
        for kind, times in took.items():
            began = time.perf_counter()
            searcher.search(Query(text, kind=kind), page=Page(10))  # type: ignore[arg-type]
            times.append(1e3 * (time.perf_counter() - began))
    return {kind: (float(np.percentile(times, 50)), float(np.percentile(times, 99))) for kind, times in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_url(parser)
    parser.add_argument("--counts", default="10000,100000,1000000")
    parser.add_argument("--like", metavar="INDEX")
    parser.add_argument("--like-url", metavar="URL", help="server of INDEX")
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    corpus = corpus_of(options.like_url, options.like)
    with server(options.url, heap=None) as url:
        client, alias = connect(url, timeout=120), f"bench-growth-{os.getpid()}"
        version = versions.create(client, alias, fingerprint=Vectors.fingerprint, dimension=DIMENSION)
        try:
            rows: list[Row] = []
            for count in map(int, options.counts.split(",")):
                rows.append(measured(client, version, corpus, rows[-1].count if rows else 0, count, options.queries))
                print("\n".join((*HEAD, rows[-1].line) if len(rows) == 1 else (rows[-1].line,)), flush=True)
        finally:
            client.indices.delete(index=version.index)
    print(goals(rows))


HEAD = (
    "| documents | documents/s (merging) | on disk (estimate) | heap in use (estimate of the most) | recall@10 | caption p50 / p99 "
    "| vector p50 / p99 | hybrid p50 / p99 | hybrid when merged | client's memory |",
    "|" + " --- |" * 10,
)


@dataclass(frozen=True)
class Row:
    """What was measured at ``count`` documents: the rate since the last size, milliseconds of a hybrid, the client's MB; and the
    line of the table.
    """

    count: int
    rate: float
    hybrid: float
    memory: float
    line: str


def goals(rows: list[Row]) -> str:
    """How the last size compares with the first, and its memory with the size before."""
    last = rows[-1]
    said = f"rate at {last.count:,} is {last.rate / rows[0].rate:.2f} of that at {rows[0].count:,} (goal 0.5)"
    said += f"; hybrid p50 when merged {last.hybrid:.0f} ms (goal 60)"
    if len(rows) > 1:
        said += (
            f"; the client's memory is {last.memory / rows[-2].memory:.2f} of that at {rows[-2].count:,} (goal 1.15)"
        )
    return said


def measured(client: Any, version: Version, corpus: Corpus, reached: int, count: int, queries: int) -> Row:
    """One row of the table, the index having grown from ``reached`` to ``count`` documents."""
    merged = _merging(client, version)
    began = time.perf_counter()
    memory = fill(client, version, corpus, reached, count - reached)
    seconds = time.perf_counter() - began
    merging = _merging(client, version) - merged
    stats = client.indices.stats(index=version.index, metric="store,docs")["_all"]["primaries"]
    assert stats["docs"]["count"] == count
    heap = max(node["jvm"]["mem"]["heap_used_in_bytes"] for node in client.nodes.stats(metric="jvm")["nodes"].values())
    recall = hnsw_recalls(client, version, sample_vectors(client, version, min(60, queries), seed=1), [])[:, 0].mean()
    times = searches(client, version.alias, corpus, queries)
    segments = _settled(client, version)
    merged_hybrid = searches(client, version.alias, corpus, queries)["hybrid"]
    need = needs_of(count, DIMENSION, m=16)
    rate = (count - reached) / seconds
    cells = [
        f"{count:,}",
        f"{rate:,.0f} ({merging:,.0f} s in {seconds:,.0f} s)",
        f"{stats['store']['size_in_bytes'] / 1e6:,.0f} MB ({need.disk / 1e6:,.0f})",
        f"{heap / 1e6:,.0f} MB ({need.memory / 1e6:,.0f})",
        f"{recall:.4f}",
        *(f"{times[kind][0]:.1f} / {times[kind][1]:.1f} ms" for kind in ("caption", "vector", "hybrid")),
        f"{merged_hybrid[0]:.1f} / {merged_hybrid[1]:.1f} ms ({segments} segments)",
        f"{memory:,.0f} MB",
    ]
    return Row(count, rate, merged_hybrid[0], memory, f"| {' | '.join(cells)} |")


def _settled(client: Any, version: Version) -> int:
    """The number of segments, once no merge runs or ``SETTLE`` seconds have passed."""
    until = time.monotonic() + SETTLE
    while time.monotonic() < until:
        stats = client.indices.stats(index=version.index, metric="merge")["_all"]["primaries"]
        if not stats["merges"]["current"]:
            break
        time.sleep(1)
    return len(client.cat.segments(index=version.index, format="json"))


def _merging(client: Any, version: Version) -> float:
    """Seconds that the index has spent on merging."""
    merges = client.indices.stats(index=version.index, metric="merge")["_all"]["primaries"]["merges"]
    return float(merges["total_time_in_millis"]) / 1e3


if __name__ == "__main__":
    main()
