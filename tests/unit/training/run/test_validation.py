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
    assert set(figures) == {"validation_mrr", "validation_mrr_low", "validation_mrr_high", "validation_batch_mrr"}
    assert figures["validation_mrr_low"] <= figures["validation_mrr"] <= figures["validation_mrr_high"]
    texts, images = embed_distinct(checkpoint, pairs)
    scores = whole_gallery(texts, images[pairs.shown_pictures()[1]], pairs.groups)
    assert figures["validation_mrr"] == pytest.approx(scores.mrr[10])
    assert set(Validation(pairs, pairs, "fp32", seed=0).measure(checkpoint)) == {
        "validation_mrr_low",
        "validation_mrr_high",
        *figures,
        "general_mrr",
        "general_batch_mrr",
    }


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


def test_interpolating_keeps_the_general_gallery_too(monkeypatch: pytest.MonkeyPatch, checkpoint: Any) -> None:
    """In batches nothing is lost; over the gallery a fifth at the tuned end, which may lose a tenth."""
    from clipseek.training.model.weights import copied
    from clipseek.training.run.validation import Validation

    base = copied(checkpoint.model.state_dict())
    tuned = {name: value + 1 if value.is_floating_point() else value for name, value in base.items()}
    passes = Validation(None, None, "fp32", seed=0)

    def measure(self: Any, loaded: Any) -> dict[str, float]:
        alpha = float(loaded.model.logit_scale.detach() - base["logit_scale"])
        general = {"general_mrr": 0.3 * (1 - 0.2 * alpha), "general_batch_mrr": 0.6}
        return {"validation_mrr": 0.1 + 0.3 * alpha, "validation_batch_mrr": 0.5, **general}

    monkeypatch.setattr(Validation, "measure", measure)
    before = {"general_mrr": 0.3, "general_batch_mrr": 0.6}
    chosen, figures = passes.interpolate(checkpoint, base, tuned, before, keep_loss=0.101)
    assert chosen.alpha == 0.5
    assert figures["general_mrr"] == pytest.approx(0.27, abs=1e-4)
    assert chosen.curve[0][2] == pytest.approx(0.8, abs=1e-4)
    assert passes.interpolate(checkpoint, base, tuned, {}, keep_loss=0.1)[0].alpha == 1.0
    checkpoint.model.load_state_dict(base)
