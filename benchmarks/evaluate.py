"""All that ``clipseek evaluate`` computes from vectors, over the bare matrix product: ``python benchmarks/evaluate.py``.

Ten thousand pairs: ranks in both directions over the whole gallery and in the talk's batches, and every figure with its
bootstrap interval. The matrix product beside it is the same two, of the same float32 rows, into one buffer.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

import numpy as np
from clipseek.evaluation import Judgments, rank_pairs, report_of
from clipseek.evaluation.ranking import CHUNK_SCORES, TIE, rank


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    texts, images = _vectors(options.pairs, options.dimension)
    truth = Judgments.of_labels(list(range(options.pairs)))
    _assert_equal_ranks(texts, images, truth)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.pairs:,} pairs of {options.dimension}")
    spent: dict[str, list[float]] = {"matrix product": [], "ranks": [], "ranks and intervals": []}
    for turn in range(options.turns + 1):
        started = time.perf_counter()
        _product(texts, images)
        _product(images, texts)
        multiplied = time.perf_counter()
        ranked = rank_pairs(texts, images, truth)
        placed = time.perf_counter()
        report_of(ranked)
        done = time.perf_counter()
        if turn:
            spent["matrix product"].append(multiplied - started)
            spent["ranks"].append(placed - multiplied)
            spent["ranks and intervals"].append(done - multiplied)
    base = statistics.median(spent["matrix product"])
    for name, each in spent.items():
        print(f"{name:20}  {statistics.median(each):6.2f} s  {statistics.median(each) / base:5.2f} x")


def _vectors(pairs: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) float32 unit rows of captions and pictures; a caption is its picture and noise, so ranks are spread."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((pairs, dimension), np.float32)
    texts = images + 6 * rng.standard_normal((pairs, dimension), np.float32)
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    return texts, images


def _product(queries: np.ndarray, gallery: np.ndarray) -> None:
    """Every score, in the chunks that ranking takes, and nothing done with it."""
    step = max(1, CHUNK_SCORES // len(gallery))
    buffer = np.empty((step, len(gallery)), np.float32)
    for start in range(0, len(queries), step):
        rows = queries[start : start + step]
        np.matmul(rows, gallery.T, out=buffer[: len(rows)])


def _assert_equal_ranks(texts: np.ndarray, images: np.ndarray, truth: Judgments) -> None:
    """The ranks are those of a full matrix, ties against the model as ``ranking.py`` has them."""
    few = slice(0, 2000)
    scores = texts[few] @ images.T
    right = scores[np.arange(len(scores)), np.arange(len(scores))]
    scores[np.arange(len(scores)), np.arange(len(scores))] = -np.inf
    slow = 1 + (scores >= right[:, None] - TIE).sum(axis=1)
    fast = rank(texts, images, truth.text_to_image()).best[few]
    # Another order of summation may move a score over the tie's edge, by one place.
    apart = np.abs(fast - slow)
    assert apart.max() <= 1, int(apart.max())
    assert (apart > 0).mean() < 0.01, float((apart > 0).mean())


if __name__ == "__main__":
    main()
