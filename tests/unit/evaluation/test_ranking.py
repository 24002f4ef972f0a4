"""Several right answers, ties, and the places of all of them, against a slow full sort."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.evaluation import Judgments, rank
from clipseek.evaluation.metrics import ndcg
from numpy.typing import NDArray


def unit(rows: object) -> NDArray[np.float32]:
    array = np.asarray(rows, np.float32)
    result: NDArray[np.float32] = array / np.linalg.norm(array, axis=1, keepdims=True)
    return result


def places(texts: NDArray[np.float32], images: NDArray[np.float32], right: NDArray[np.bool_]) -> list[list[int]]:
    """Places of the right answers of each text, from 1: wrong ones first among equals."""
    found = []
    for text, good in zip(texts, right, strict=True):
        order = sorted(range(len(images)), key=lambda i: (-float(np.dot(text, images[i])), good[i]))
        found.append([at for at, i in enumerate(order, 1) if good[i]])
    return found


@pytest.mark.parametrize("chunk", [None, 1, 7, 64])
def test_places_equal_a_full_sort(chunk: int | None) -> None:
    rng = np.random.default_rng(5)
    images = unit(rng.normal(size=(60, 6)))
    owner = np.sort(np.concatenate([np.arange(60), rng.integers(0, 60, 30)]))
    texts = unit(images[owner] + 0.7 * rng.normal(size=(90, 6)))
    truth = Judgments.of([f"c{i}" for i in rng.integers(0, 70, 90)], [f"g{i}" for i in owner // 3], owner)
    right = np.zeros((90, 60), bool)
    right[truth.text_to_image().rows(0, 90)] = True
    expected = places(texts, images, right)
    found = rank(texts, images, truth.text_to_image(), chunk=chunk)
    assert found.best.tolist() == [at[0] for at in expected]
    assert found.right.tolist() == [len(at) for at in expected]
    assert [(np.flatnonzero(row) + 1).tolist() for row in found.top] == [[p for p in at if p <= 20] for at in expected]
    assert found.gallery == 60
    for k in (1, 5, 10):
        by_hand = [
            sum(1 / np.log2(p + 1) for p in at if p <= k)
            / sum(1 / np.log2(p + 1) for p in range(1, min(k, len(at)) + 1))
            for at in expected
        ]
        assert ndcg(found, k) == pytest.approx(np.mean(by_hand))


@pytest.mark.filterwarnings("ignore")
def test_several_right_answers_equal_ranx() -> None:
    from ranx import Qrels, Run, evaluate

    rng = np.random.default_rng(7)
    texts, images = unit(rng.normal(size=(50, 8))), unit(rng.normal(size=(50, 8)))
    truth = Judgments.of_labels([i // 3 for i in range(50)])
    found = rank(texts, images, truth.text_to_image())
    qrels = {f"q{i}": {f"d{j}": 1 for j in range(50) if j // 3 == i // 3} for i in range(50)}
    run = {f"q{i}": {f"d{j}": float(texts[i] @ images[j]) + 2 for j in range(50)} for i in range(50)}
    theirs = evaluate(Qrels(qrels), Run(run), ["ndcg@10", "hit_rate@10"])
    assert ndcg(found, 10) == pytest.approx(theirs["ndcg@10"])
    assert (found.best <= 10).mean() == pytest.approx(theirs["hit_rate@10"])


def test_scores_that_differ_by_rounding_are_ties() -> None:
    # The second picture is the first but for the last bits; the right answer must not win by them.
    images = unit([[1.0, 0.0], [1.0, 1e-4], [0.0, 1.0]])
    texts = unit([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = rank(texts, images, Judgments.of_labels(range(3)).text_to_image())
    assert found.best.tolist() == [2, 2, 1]


def test_memory_is_that_of_a_chunk() -> None:
    import tracemalloc

    rows = unit(np.random.default_rng(0).normal(size=(4000, 16)))
    positives = Judgments.of_labels(range(4000)).text_to_image()
    tracemalloc.start()
    rank(rows, rows, positives, chunk=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6  # the whole matrix has 64e6 bytes, a chunk 1.6e6
