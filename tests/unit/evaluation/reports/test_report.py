"""The whole report on cases worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from clipseek.evaluation import Judgments, TooFewPairs, evaluate, report_table
from clipseek.evaluation.ranked import IMAGE_TO_TEXT, TEXT_TO_IMAGE
from numpy.typing import NDArray


def unit(rows: object) -> NDArray[np.float32]:
    array = np.asarray(rows, np.float32)
    result: NDArray[np.float32] = array / np.linalg.norm(array, axis=1, keepdims=True)
    return result


def test_the_talks_batch_by_hand() -> None:
    # Each picture ranks the captions of its batch: the first finds its own first, the second behind the third's.
    images = unit([[1, 0, 0], [0, 1, 0.5], [0, 0.2, 1]])
    texts = unit([[1, 0, 0], [0, 1, -1], [0, 1, 1]])
    report = evaluate(texts, images, Judgments.of(["a", "b", "c"]), batch=3)
    talk = report.in_batches[IMAGE_TO_TEXT]
    assert (talk.queries, talk.gallery) == (3, 3)
    assert talk.mrr[1] == pytest.approx(2 / 3)
    assert talk.mrr[20] == pytest.approx((1 + 1 / 2 + 1) / 3)
    # One batch of everything is the whole gallery.
    assert report.whole_gallery[IMAGE_TO_TEXT].mrr == talk.mrr


def test_directions_and_sizes_with_several_captions() -> None:
    rng = np.random.default_rng(0)
    images = unit(rng.normal(size=(130, 16)))
    owner = np.repeat(np.arange(130), 2)
    report = evaluate(images[owner], images, Judgments.of([f"c{i}" for i in range(260)], owner=owner))
    sizes = {(what, direction): (s.queries, s.gallery) for what, direction, s in report.rows()}
    assert sizes == {
        ("batches of 64", IMAGE_TO_TEXT): (128, 64),
        ("batches of 64", TEXT_TO_IMAGE): (128, 64),
        ("whole gallery", IMAGE_TO_TEXT): (130, 260),
        ("whole gallery", TEXT_TO_IMAGE): (260, 130),
    }
    for _, _, scores in report.rows():
        assert scores.mrr[1] == scores.ndcg[10] == scores.median_rank == 1


def test_a_model_that_gives_one_vector_ranks_last() -> None:
    same = unit(np.ones((64, 4)))
    report = evaluate(same, same, Judgments.of([str(i) for i in range(64)]))
    assert {scores.median_rank for _, _, scores in report.rows()} == {64}


def test_pictures_of_a_group_are_right_and_never_in_one_batch() -> None:
    rng = np.random.default_rng(1)
    concept = unit(rng.normal(size=(96, 8)))
    vectors = concept[np.arange(192) // 2]
    truth = Judgments.of([f"c{i}" for i in range(192)], [f"g{i // 2}" for i in range(192)])
    report = evaluate(vectors, vectors, truth)
    # Both pictures of a concept have one vector: each would tie with the other, were it not right as well.
    assert {scores.mrr[1] for _, _, scores in report.rows()} == {1.0}


def test_intervals_hold_the_figure_and_json_holds_all() -> None:
    rng = np.random.default_rng(2)
    images, texts = unit(rng.normal(size=(200, 8))), unit(rng.normal(size=(200, 8)))
    report = evaluate(texts, images, Judgments.of([str(i) for i in range(200)]))
    for _, _, scores in report.rows():
        low, high = scores.intervals["MRR@20"]
        assert low < scores.mrr[20] < high
    assert set(json.loads(json.dumps(report.as_dict()))["whole_gallery"]) == {"text_to_image", "image_to_text"}
    lines = report_table(list(report.rows())).splitlines()
    assert len(lines) == 6
    assert "95 % of MRR@20" in lines[0]


def test_no_pairs() -> None:
    empty = np.empty((0, 4), np.float32)
    with pytest.raises(TooFewPairs, match="no pairs"):
        evaluate(empty, empty, Judgments.of([]))
