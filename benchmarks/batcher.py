"""Sixteen threads with one query each, again and again: with the batcher and without. ``python benchmarks/batcher.py``."""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from checkpoints import DEMO_BUNDLE
from clipseek.encoder import Batcher, Bundle, ClipEncoder

THREADS = 16
QUERIES = [
    f"a {colour} {thing}" for colour in ("red", "blue", "small", "old") for thing in ("cat", "house", "car at sea")
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", default=str(DEMO_BUNDLE))
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=5, help="of each side, after one that does not count")
    options = parser.parse_args()
    encoder = ClipEncoder(Bundle.load(options.bundle), device="cpu")
    encoder.warm_up("text")
    texts = [QUERIES[at % len(QUERIES)] for at in range(options.requests)]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {encoder.bundle.precision}, {THREADS} threads")
    with Batcher(encoder.encode_texts) as batcher:
        ways: dict[str, Callable[[str], np.ndarray]] = {
            "single calls": lambda text: encoder.encode_texts([text])[0],
            "batcher": batcher,
        }
        for text in QUERIES:
            apart = np.abs(ways["batcher"](text) - ways["single calls"](text)).max()
            assert apart < (1e-5 if encoder.bundle.precision == "fp32" else 0.05), apart
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(options.turns + 1):
            for name, encode in ways.items():
                rate, median, slow = _drive(encode, texts)
                if turn:
                    rates[name].append(rate)
                    print(f"{name:12}  {rate:7,.0f} queries/s  p50 {median:6.1f} ms  p99 {slow:6.1f} ms")
    ratio = statistics.median(rates["batcher"]) / statistics.median(rates["single calls"])
    print(f"batcher over single calls: {ratio:.2f} x (medians of {len(rates['batcher'])})")


def _drive(encode: Callable[[str], np.ndarray], texts: list[str]) -> tuple[float, float, float]:
    """Queries a second, and the median and 99th percentile of their milliseconds."""

    def one(text: str) -> float:
        started = time.perf_counter()
        encode(text)
        return 1000 * (time.perf_counter() - started)

    with ThreadPoolExecutor(THREADS) as pool:
        started = time.perf_counter()
        each = sorted(pool.map(one, texts))
        return len(texts) / (time.perf_counter() - started), statistics.median(each), each[int(0.99 * len(each))]


if __name__ == "__main__":
    main()
