"""The card of a checkpoint says what is known, and no more."""

from __future__ import annotations

from pathlib import Path
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

    figures = {
        "validation_mrr": 0.25,
        "validation_mrr_low": 0.21,
        "validation_mrr_high": 0.29,
        "validation_batch_mrr": 0.5,
    }
    facts = {"validation_gallery": 480, "splits": [("train", 9000)], "base_licence": "mit"}
    card = model_card({**ABOUT, **facts, "validation": figures})
    assert card.startswith("---\nlibrary_name: transformers\n")
    for words in (
        "`openai/clip-vit-base-patch32`",
        "learning rate 3e-05, seed 0",
        "1,234",
        "9,000 trained on, 500 held out",
        f"`{'ab' * 32}`",
        "70% of the way",
        "| MRR@10, gallery of 480 held-out pictures, text to image | 0.1000 | 0.2500 |",
        "95 % of MRR@10, this: 0.2100 to 0.2900. These pairs also chose the weights",
        "| splits | train: 9,000 pairs |",
        "as its own card says: `mit`.",
    ):
        assert words in card
    assert "in batches of 64" not in card  # the base's is not known


@pytest.mark.train
def test_without_figures_there_is_no_table() -> None:
    from clipseek.training.run.model_card import model_card

    assert "on held-out pairs" not in model_card(ABOUT)


@pytest.mark.train
@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("---\nlicense: apache-2.0\ntags: [clip]\n---\n# A CLIP\n", "apache-2.0"),
        ("---\ntags: [clip]\n---\nlicense: of the text\n", None),
        ("# A CLIP\n", None),
        (None, None),
    ],
)
def test_the_licence_of_the_base_is_that_of_its_cards_header(
    text: str | None, licence: str | None, tmp_path: Path
) -> None:
    from clipseek.training.run.model_card import licence_of

    if text is not None:
        (tmp_path / "README.md").write_text(text, "utf-8")
    assert licence_of(tmp_path) == licence
