from __future__ import annotations

import numpy as np
import pytest
from clipseek.evaluation import mismatched as module
from clipseek.evaluation.judgments import Judgments
from clipseek.evaluation.mismatched import mismatched
from numpy.typing import NDArray


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    unit_rows: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit_rows


def pairs(count: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    meaning = rng.normal(size=(count, 16))
    return unit(meaning + 0.4 * rng.normal(size=meaning.shape)), unit(meaning + 0.4 * rng.normal(size=meaning.shape))


def test_swapped_captions_are_found_and_good_pairs_left_alone() -> None:
    texts, images = pairs(600)
    swapped = np.arange(0, 60)
    texts[swapped] = texts[np.roll(swapped, 1)]
    truth = Judgments.of([f"c{at}" for at in range(600)])
    found = mismatched(texts, images, truth)
    right = np.isin(found.rows, swapped)
    assert right.mean() > 0.95
    assert right.sum() > 0.9 * found.noticed * 60
    assert 0.7 < found.noticed < 0.95  # of two even shares both lie above a tenth with probability .81
    assert (np.diff(found.doubts[found.rows]) <= 0).all()


def test_doubts_are_the_slow_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 7)
    rng = np.random.default_rng(1)
    texts, images = pairs(40, 1)
    texts = unit(texts + rng.normal(size=texts.shape))
    images = images[:30]
    owner = np.concatenate([np.arange(30), rng.integers(0, 30, 10)])
    truth = Judgments.of([f"c{at % 35}" for at in range(40)], [f"g{at % 25}" for at in range(40)], owner)
    found = mismatched(texts, images, truth)
    for row in range(40):
        others = [at for at in range(40) if owner[at] != owner[row] and at % 35 != row % 35 and at % 25 != row % 25]
        own = texts[row] @ images[owner[row]]
        by_caption = np.mean([texts[row] @ images[owner[at]] >= own for at in others])
        by_picture = np.mean([texts[at] @ images[owner[row]] >= own for at in others])
        assert found.doubts[row] == pytest.approx(min(by_caption, by_picture))
    assert found.rows.tolist() == sorted(np.flatnonzero(found.doubts > 0.1), key=lambda at: -found.doubts[at])


def test_bad_on_one_side_alone_raises_no_doubt() -> None:
    texts, images = pairs(300, 2)
    texts[1:] = unit(texts[1:] + 6 * images[0])  # every caption is near to picture 0
    found = mismatched(texts, images, Judgments.of([f"c{at}" for at in range(300)]))
    share = np.mean(texts[1:] @ images[0] >= texts[0] @ images[0])
    assert share > 0.1
    assert found.doubts[0] == 0
