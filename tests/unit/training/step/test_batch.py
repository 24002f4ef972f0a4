"""Captions of a step: whole, and once more with their tags shuffled and cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import make_tiny_clip

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_clip(tmp_path_factory.mktemp("base")))


def batch_of(base: str, captions: list[str], **changes: Any) -> Any:
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.pairs import Pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.batch import BatchMaker

    count = len(captions)
    pixels = np.zeros((count, 32, 32, 3), np.uint8)
    names = [str(number) for number in range(count)]
    pairs = Pairs(pixels, names, np.arange(count), captions, names, [])
    config = TrainConfig(base=base, batch_size=count, **changes)
    return BatchMaker(config, load_checkpoint(base), pairs, None).make(0)


def test_captions_without_tags_are_learnt_from_once(base: str) -> None:
    assert batch_of(base, ["a red cat", "two dogs"]).varied is None
    assert batch_of(base, ["cat: red, small", "dog: two"], augment=False).varied is None


def test_a_varied_caption_may_be_said_of_every_picture_whose_caption_has_its_words(base: str) -> None:
    from clipseek.training.step.batch import _fitting

    whole = ["Arrow left: Direction, back", "Arrow right: direction", "Heart: love"]
    varied = ["Arrow left: back", "Direction", "Heart"]
    assert _fitting(whole, varied).int().tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    batch = batch_of(base, [f"title {number}: one, two, three" for number in range(6)])
    tokens, fits = batch.varied
    assert len(tokens["input_ids"]) == len(fits) == 6
    assert fits.diagonal().all()  # a varied caption has no word that is not its own picture's
    assert tokens["attention_mask"].sum() < batch.tokens["attention_mask"].sum()


def test_a_step_is_the_same_whenever_it_is_made(base: str) -> None:
    captions = [f"title {number}: one, two, three" for number in range(6)]
    one, other = batch_of(base, captions), batch_of(base, captions)
    assert (one.varied[0]["input_ids"] == other.varied[0]["input_ids"]).all()
    assert (one.varied[1] == other.varied[1]).all()
