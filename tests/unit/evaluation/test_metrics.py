"""Ranks and metrics against a slow full sort, ranx, and cases worked out by hand."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pytest
from clipseek.evaluation import BadVectors, before_after, in_batches, mean_reciprocal_rank, rank, recall, whole_gallery
from clipseek.evaluation.judgments import Ints, Positives, numbered


def unit(rows: object) -> np.ndarray:
    array = np.asarray(rows, np.float32)
    result: np.ndarray = array / np.linalg.norm(array, axis=1, keepdims=True)
    return result


def ranks(
    queries: np.ndarray,
    gallery: np.ndarray,
    query_groups: Sequence[Hashable],
    gallery_groups: Sequence[Hashable],
    chunk: int | None = None,
) -> Ints:
    """Rank of the best right answer, where a row of the gallery is right when its group is the query's."""
    of_queries, of_gallery = np.split(numbered([*query_groups, *gallery_groups]), [len(query_groups)])
    queries_and_items = (np.arange(len(query_groups)), of_queries, np.arange(len(gallery_groups)), of_gallery)
    return rank(queries, gallery, Positives(*queries_and_items, len(query_groups)), chunk=chunk).best


def slow_ranks(texts: np.ndarray, images: np.ndarray, groups: list[int]) -> list[int]:
    """Sort every row, wrong answers first among equals, and count up to the first right one."""
    found = []
    for text, group in zip(texts, groups, strict=True):
        order = sorted(range(len(images)), key=lambda i: (-float(np.dot(text, images[i])), groups[i] == group))
        found.append(1 + next(at for at, i in enumerate(order) if groups[i] == group))
    return found


@pytest.mark.parametrize("chunk", [1, 7, 50, 1000])
def test_ranks_equal_a_full_sort(chunk: int) -> None:
    rng = np.random.default_rng(0)
    texts, images = unit(rng.normal(size=(50, 8))), unit(rng.normal(size=(50, 8)))
    groups = [int(g) for g in rng.integers(0, 30, 50)]
    assert ranks(texts, images, groups, groups, chunk).tolist() == slow_ranks(texts, images, groups)


def test_a_model_that_scores_all_alike_ranks_last() -> None:
    same = unit(np.ones((5, 3)))
    assert ranks(same, same, range(5), range(5)).tolist() == [5] * 5
    assert ranks(same, same, [0] * 5, [0] * 5).tolist() == [1] * 5


def test_a_pair_never_outranks_itself_by_rounding() -> None:
    rows = unit(np.random.default_rng(1).normal(size=(300, 64)))
    assert (ranks(rows, rows, range(300), range(300), chunk=17) == 1).all()


def test_a_query_without_a_right_answer_ranks_behind_all() -> None:
    assert ranks(unit([[1, 0]]), unit([[1, 0], [0, 1]]), ["a"], ["b", "c"]).tolist() == [3]


def test_shapes_that_do_not_fit_are_refused() -> None:
    rows = unit(np.ones((2, 3)))
    with pytest.raises(BadVectors, match="not \\(Q, D\\)"):
        ranks(rows, unit(np.ones((2, 4))), range(2), range(2))
    with pytest.raises(BadVectors, match="not \\(N, D\\)"):
        ranks(rows[0], rows, range(3), range(2))
    with pytest.raises(BadVectors, match="2 query vectors for 1 queries"):
        ranks(rows, rows, range(1), range(2))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 3.0])
def test_vectors_that_are_no_unit_rows_are_refused(wrong: float) -> None:
    # NaN compares false with everything: unchecked, such a model would rank first everywhere.
    rows = unit(np.eye(3))
    broken = rows.copy()
    broken[1, 1] = wrong
    with pytest.raises(BadVectors, match="query vector 1"):
        ranks(broken, rows, range(3), range(3))


def test_the_talks_definition_by_hand() -> None:
    found = np.array([1, 2, 4, 30])
    assert mean_reciprocal_rank(found, 1) == pytest.approx(1 / 4)
    assert mean_reciprocal_rank(found, 3) == pytest.approx((1 + 1 / 2) / 4)
    assert mean_reciprocal_rank(found, 20) == pytest.approx((1 + 1 / 2 + 1 / 4) / 4)
    assert recall(found, 2) == 0.5
    assert mean_reciprocal_rank(np.empty(0, np.int64), 5) == 0


@pytest.mark.filterwarnings("ignore")
def test_whole_gallery_equals_ranx() -> None:
    from ranx import Qrels, Run, evaluate

    rng = np.random.default_rng(2)
    texts, images = unit(rng.normal(size=(40, 16))), unit(rng.normal(size=(40, 16)))
    ours = whole_gallery(texts, images, range(40))
    run = {f"q{i}": {f"d{j}": float(texts[i] @ images[j]) + 2 for j in range(40)} for i in range(40)}
    theirs = evaluate(Qrels({f"q{i}": {f"d{i}": 1} for i in range(40)}), Run(run), ["mrr@10", "recall@5"])
    assert ours.mrr[10] == pytest.approx(theirs["mrr@10"])
    assert ours.recall[5] == pytest.approx(theirs["recall@5"])


def test_perfect_and_random_models_in_batches() -> None:
    rng = np.random.default_rng(4)
    rows = unit(rng.normal(size=(640, 32)))
    assert in_batches(rows, rows, range(640)).mrr[20] == 1.0
    chance = in_batches(rows, unit(rng.normal(size=(640, 32))), range(640))
    assert chance.mrr[20] == pytest.approx(sum(1 / r for r in range(1, 21)) / 64, abs=0.02)
    assert (chance.queries, chance.gallery) == (640, 64)


def test_few_pairs_are_one_batch() -> None:
    rows = unit(np.eye(3))
    assert in_batches(rows, rows, range(3)).gallery == 3


def test_the_table_names_sizes() -> None:
    rows = unit(np.eye(3))
    text = before_after([("icons, all", "base", whole_gallery(rows, rows, range(3)))])
    assert "MRR@20" in text.splitlines()[0]
    assert text.splitlines()[2].split() == [
        "icons,",
        "all",
        "base",
        "3",
        "3",
        "1.000",
        "1.000",
        "1.000",
        "1.000",
        "1.000",
    ]
