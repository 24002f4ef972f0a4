"""A validation pass scores the model that it is given, on the same pairs each time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from clipseek.training.model.checkpoint import load_checkpoint

    return load_checkpoint(str(make_tiny_clip(tmp_path_factory.mktemp("base"))))


@pytest.fixture(scope="module")
def pairs(checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from clipseek.training.data.pairs import load_pairs

    return load_pairs(write_squares(tmp_path_factory.mktemp("squares")), checkpoint.image)


def test_its_figures_are_those_of_the_evaluation(checkpoint: Any, pairs: Any) -> None:
    from clipseek.evaluation import whole_gallery
    from clipseek.training.model.embed import embed_distinct
    from clipseek.training.run.validation import Validation

    figures = Validation(pairs, None, "fp32", seed=0).measure(checkpoint)
    assert set(figures) == {"validation_mrr", "validation_batch_mrr"}
    texts, images = embed_distinct(checkpoint, pairs)
    scores = whole_gallery(texts, images[pairs.shown_pictures()[1]], pairs.groups)
    assert figures["validation_mrr"] == pytest.approx(scores.mrr[10])
    assert set(Validation(pairs, pairs, "fp32", seed=0).measure(checkpoint)) == {*figures, "general_batch_mrr"}


def test_without_pairs_of_the_domain_there_is_nothing_to_validate() -> None:
    from clipseek.training.run.validation import Validation

    assert not Validation(None, None, "fp32", seed=0)


def test_locked_towers_are_computed_in_the_first_pass_alone(
    checkpoint: Any, pairs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clipseek.training.run import validation

    passes = validation.Validation(pairs, None, "fp32", seed=0, locked=True)
    first = passes.measure(checkpoint)
    monkeypatch.setattr(validation, "pooled_distinct", lambda *_: pytest.fail("computed again"))
    assert passes.measure(checkpoint) == first
    assert first == validation.Validation(pairs, None, "fp32", seed=0).measure(checkpoint)


def test_more_pairs_than_a_pass_takes_are_sampled_by_the_seed(pairs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from clipseek.training.run import validation

    monkeypatch.setattr(validation, "MAX_PAIRS", 6)
    drawn = [validation._sample(pairs, seed).captions for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 6
