"""Files to searchable, beside each stage of that alone: ``python benchmarks/ingest_stages.py [--count 1000]``.

Photographs of 640 x 480, no two alike, in turns: all read and decoded, by as many threads as there are cores; all encoded by the
bundle, in batches of an ingest; all written and refreshed; and the whole, ``ingest`` of the folder, refreshed. Goal: the whole
takes at most 1.25 times as long as the slowest stage alone. Beside it, the whole over its CPU seconds spread over all cores, the
node's aside: no order of work gets below that. Medians over ``--rounds``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from checkpoints import DEMO_BUNDLE
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import connect
from clipseek.opensearch.index.inventory import delete_index
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from PIL import Image
from servers import add_url, server
from vector_ingest import ours


def make_photographs(folder: Path, count: int) -> list[Path]:
    """JPEGs with edges, gradients and noise, about as large as a camera's."""
    drawn = np.random.default_rng(0)
    paths = []
    for number in range(count):
        coarse = Image.fromarray(drawn.integers(0, 255, (12, 16, 3), np.uint8)).resize(
            (640, 480), Image.Resampling.BICUBIC
        )
        pixels = np.asarray(coarse, np.int16) + drawn.integers(-9, 9, (480, 640, 1), np.int16)
        paths.append(folder / f"{number:05}.jpg")
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(paths[-1], quality=90)
        paths[-1].with_suffix(".txt").write_text(f"photograph {number}\n")
    return paths


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what ``work`` gives."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def write(url: str, index: str, vectors: np.ndarray) -> None:
    """The writer of ``ingest``, and a refresh."""
    ours(url, index, vectors, [f"photograph {number}" for number in range(len(vectors))])
    connect(url).indices.refresh(index=index)


def one_round(url: str, encoder: ClipEncoder, folder: Path, paths: list[Path]) -> dict[str, float]:
    """Seconds of each stage alone and of the whole, and CPU seconds of the whole."""
    batch, cores, client = IngestOptions().batch_size, os.cpu_count() or 2, connect(url)
    found: dict[str, float] = {}
    with ThreadPoolExecutor(cores) as pool:
        found["decode"], pictures = timed(
            lambda: list(pool.map(lambda path: encoder.load_picture(path.read_bytes()), paths))
        )
    batches = [pictures[start : start + batch] for start in range(0, len(pictures), batch)]
    found["encode"], rows = timed(lambda: [encoder.encode_pictures(some) for some in batches])
    index = f"bench-stages-{os.getpid()}"
    client.indices.create(index=index, body=IndexOptions().body(encoder.dimension, {}))
    try:
        found["write"], _ = timed(lambda: write(url, index, np.concatenate(rows)))
    finally:
        client.indices.delete(index=index)
    alias, used = f"{index}-whole", time.process_time()
    try:
        found["whole"], report = timed(lambda: ingest(client, alias, encoder, read_source(folder)))
        found["CPU"] = time.process_time() - used
        assert report.indexed == len(paths)
    finally:
        delete_index(client, alias)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_url(parser)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clipseek-bench-") as folder, server(options.url) as url:
        paths = make_photographs(Path(folder), options.count)
        encoder = ClipEncoder(Bundle.load(DEMO_BUNDLE), device="cpu")
        encoder.warm_up("image")
        rounds = [one_round(url, encoder, Path(folder), paths) for _ in range(options.rounds)]
    for name in ("decode", "encode", "write", "whole"):
        seconds = statistics.median(found[name] for found in rounds)
        print(f"{name:>7}: {seconds:6.2f} s, {options.count / seconds:7,.0f} pictures/s")
    slowest = statistics.median(
        found["whole"] / max(found[name] for name in ("decode", "encode", "write")) for found in rounds
    )
    cores = statistics.median(found["whole"] / (found["CPU"] / (os.cpu_count() or 2)) for found in rounds)
    print(
        f"the whole: {slowest:.2f} times the slowest stage alone (goal 1.25), {cores:.2f} times its CPU over all cores"
    )


if __name__ == "__main__":
    main()
