"""The card of a checkpoint says what is known, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from clipseek.training.config import TrainConfig

ABOUT: dict[str, Any] = {
    "base": "openai/clip-vit-base-patch32",
    "data": "ab" * 32,
    "recipe": TrainConfig(learning_rate=3e-5).as_dict(),
    "steps": 1234,
    "alpha": 0.7,
    "pairs": 9000,
    "validation_pairs": 500,
    "optimizer": "adamw",
    "before": {"validation_mrr": 0.1},
}


@pytest.mark.train
def test_base_data_and_figures_are_named() -> None:
    from clipseek.training.run.model_card import model_card

    card = model_card({**ABOUT, "validation": {"validation_mrr": 0.25, "validation_batch_mrr": 0.5}})
    assert card.startswith("---\nlibrary_name: transformers\n")
    for words in (
        "`openai/clip-vit-base-patch32`",
        "learning rate 3e-05, seed 0",
        "1,234",
        "9,000 trained on, 500 held out",
        f"`{'ab' * 32}`",
        "70% of the way",
        "| MRR@10, whole validation gallery, text to image | 0.1000 | 0.2500 |",
    ):
        assert words in card
    assert "in batches of 64" not in card  # the base's is not known


@pytest.mark.train
def test_without_figures_there_is_no_table() -> None:
    from clipseek.training.run.model_card import model_card

    assert "on held-out pairs" not in model_card(ABOUT)
