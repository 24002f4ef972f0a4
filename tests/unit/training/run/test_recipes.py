"""The recipes: the talk's is held to transformers' own training step, and nothing in ours is left to chance."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.training.config import TrainConfig
from clipseek.training.errors import TrainingError
from clipseek.training.run.recipes import RECIPES, TALK_PAIRS, from_recipe

from tests.models import make_tiny_clip
from tests.pairs import write_squares


def test_every_recipe_is_a_config_that_comes_back_from_json(tmp_path: Path) -> None:
    for name in RECIPES:
        config = from_recipe(name)
        assert config.recipe == name
        config.write(tmp_path / "config.json")
        assert TrainConfig.read(tmp_path / "config.json") == config


def test_the_talks_table() -> None:
    runs = [from_recipe(f"talk/run-{number}") for number in range(1, 6)]
    assert [(run.samples, run.batch_size, run.learning_rate, run.epochs) for run in runs] == [
        (20_000, 32, 5e-5, 5),
        (20_000, 64, 5e-5, 5),
        (20_000, 64, 1e-4, 5),
        (20_000, 64, 5e-5, 10),
        (50_000, 64, 5e-5, 10),
    ]
    assert TALK_PAIRS + 16_461 == 164_614


def test_the_talks_runs_are_as_its_code_has_them() -> None:
    """In fp32, with no ceiling of the temperature, and a tenth held out (148,153 and 16,461 pairs)."""
    for number in range(1, 6):
        run = from_recipe(f"talk/run-{number}")
        assert (run.precision, run.max_scale, run.validation_share) == ("fp32", 0.0, 0.1)


def test_the_sigmoid_loss_and_negatives_that_it_has_none_of() -> None:
    assert from_recipe("best", loss="sigmoid").intra_modal is False
    with pytest.raises(TrainingError, match="intra_modal is for the softmax loss"):
        from_recipe("best", loss="sigmoid", intra_modal=True)


def test_what_is_given_goes_before_the_recipe_and_what_is_not_leaves_it() -> None:
    config = from_recipe("talk/run-4", samples=100, epochs=None)
    assert (config.samples, config.epochs) == (100, 10.0)


def test_an_unknown_recipe_is_named() -> None:
    with pytest.raises(TrainingError, match="recipe is 'talk/run-6', expected one of auto, best, adapter, talk/run-1"):
        from_recipe("talk/run-6")


@pytest.mark.train
def test_the_talks_recipe_is_the_plain_loop_of_transformers(tmp_path: Path) -> None:
    """The talk's own loop, written out: CLIPModel's loss, torch's AdamW at the defaults of transformers' old one, its linear
    schedule. Same draws, same captions cut at 64 tokens: the same losses and, in the end, the same weights."""
    import torch
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train
    from clipseek.training.step.batch import BatchMaker, steps_of_an_epoch
    from transformers import get_scheduler

    base = str(make_tiny_clip(tmp_path / "base"))
    at_the_ceiling(Path(base))  # where OpenAI's checkpoints stand
    config = from_recipe("talk/run-1", base=base, samples=40, batch_size=16, epochs=3.0)
    checkpoint = load_checkpoint(base)
    pairs = load_pairs(write_squares(tmp_path / "squares"), checkpoint.image)
    events: list[dict[str, object]] = []
    train(config, pairs, tmp_path / "run", validation=pairs.take([0, 1, 30 % 24, 9]), on_event=events.append)

    maker = BatchMaker(config, checkpoint, pairs, None)
    assert maker.steps_per_epoch == 3  # 40 draws are two batches of 16 and one of 8
    assert steps_of_an_epoch(config, len(pairs), mixed=False) == 3
    model = checkpoint.model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, eps=1e-6, weight_decay=0.0)
    schedule = get_scheduler("linear", optimizer, num_warmup_steps=0, num_training_steps=9)
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (checkpoint.image.mean, checkpoint.image.std))
    losses = []
    for step in range(9):
        batch = maker.make(step)
        pixels = (batch.pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std
        loss = model(**batch.tokens, pixel_values=pixels, return_loss=True).loss
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert [event["loss"] for event in events if event["event"] == "step"] == pytest.approx(losses, rel=1e-4)
    ours = load_checkpoint(str(tmp_path / "run" / "best")).model.state_dict()
    assert {path.name for path in (tmp_path / "run").glob("epoch-*")} == {"epoch-1", "epoch-2", "epoch-3"}
    for name, value in model.state_dict().items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=2e-5, msg=name)


def at_the_ceiling(folder: Path) -> None:
    """The temperature of the checkpoint at 105: above CLIP's own ceiling, and no loss of transformers has any."""
    import torch
    from safetensors.torch import load_file, save_file

    held = load_file(folder / "model.safetensors")
    held["logit_scale"] = torch.tensor(105.0).log()
    save_file(held, folder / "model.safetensors", {"format": "pt"})
