"""LoRA: the same step as peft takes, in a model that is an ordinary CLIP all the time."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from clipseek.training.config import TrainConfig
from clipseek.training.errors import TrainingError
from clipseek.training.run.recipes import from_recipe
from clipseek.training.step.low_rank import ALPHA

from tests.learners import learner_and_batch

pytestmark = pytest.mark.train

RANK = 4
PLAIN = {"augment": False, "share_targets": False, "intra_modal": False, "lora": RANK}


def of_peft(base: str, learner: Any) -> Any:
    """transformers' model with peft's layers, which begin where those of ``learner`` do."""
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint
    from peft import LoraConfig, get_peft_model

    names = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2", "visual_projection", "text_projection"]
    model: Any = get_peft_model(
        load_checkpoint(base).model, LoraConfig(r=RANK, lora_alpha=int(ALPHA), target_modules=names, lora_dropout=0.0)
    )
    own = learner._low_rank
    for name, down, up in zip(own.names, own.down, own.up, strict=True):
        layer: Any = model.base_model.model.get_submodule(name.removesuffix(".weight"))
        with torch.no_grad():
            layer.lora_A["default"].weight.copy_(down)
            layer.lora_B["default"].weight.copy_(up)
    model.base_model.model.logit_scale.requires_grad_(True)
    return model


def test_forward_gradients_and_merged_weights_are_those_of_peft(base: str, squares: Path) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint

    learner, batch = learner_and_batch(base, squares, **PLAIN)
    own = learner._low_rank
    with torch.no_grad():
        for up in own.up:  # else the first gradient of every A is zero
            up.normal_(std=0.02)
    own.merge()
    peft = of_peft(base, learner)
    image = load_checkpoint(base).image
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (image.mean, image.std))
    inputs = {**batch.tokens, "pixel_values": (batch.pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std}
    moved = [parameter for parameter in peft.parameters() if parameter.requires_grad]
    assert len(moved) == 2 * len(own.names) + 1
    theirs = torch.optim.AdamW(moved, lr=1e-3, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.0)
    for group in learner._optimizer._parts[0].param_groups:
        group["weight_decay"] = 0.0
    for _ in range(3):
        theirs.zero_grad()
        output = peft.base_model.model(**inputs, return_loss=True)
        output.loss.backward()
        assert learner.gradients(batch) == pytest.approx(float(output.loss.detach()), rel=1e-5)
        for name, down, up in zip(own.names, own.down, own.up, strict=True):
            layer = peft.base_model.model.get_submodule(name.removesuffix(".weight"))
            for ours, other in ((down, layer.lora_A["default"].weight), (up, layer.lora_B["default"].weight)):
                torch.testing.assert_close(ours.grad, other.grad, rtol=1e-3, atol=1e-6, msg=name)
        theirs.step()
        learner.update(1e-3)
    merged = peft.merge_and_unload().state_dict()
    for name, value in learner.network.state_dict().items():
        torch.testing.assert_close(value, merged[name], rtol=1e-4, atol=3e-5, msg=name)


def test_all_but_matrices_projections_and_temperature_stays(base: str, squares: Path) -> None:
    import torch

    learner, batch = learner_and_batch(base, squares, lora=RANK, lock="image")
    before = copy.deepcopy(learner.network.state_dict())
    for _ in range(2):
        learner.gradients(batch)
        learner.update(1e-2)
    after = learner.network.state_dict()
    assert after.keys() == before.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    learnt = {name for name in before if "text_model.encoder.layers" in name and before[name].ndim == 2}
    assert moved == learnt | {"visual_projection.weight", "text_projection.weight", "logit_scale"}
    for name in learnt:
        assert torch.linalg.matrix_rank(after[name] - before[name], rtol=1e-3) <= RANK


def test_micro_batches_give_the_same_step(base: str, squares: Path) -> None:
    import torch

    states = []
    for size in (None, 5):
        learner, batch = learner_and_batch(base, squares, lora=RANK, micro_batch=size)
        torch.manual_seed(0)
        for down in learner._low_rank.down:
            torch.nn.init.normal_(down, std=0.1)
        for _ in range(2):
            learner.gradients(batch)
            learner.update(1e-3)
        states.append(learner.network.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, rtol=1e-3, atol=2e-5, msg=name)


def test_its_learning_rate_is_ten_times_the_recipes_unless_given() -> None:
    assert from_recipe("best", lora=8).learning_rate == pytest.approx(10 * from_recipe("best").learning_rate)
    assert from_recipe("best", lora=8, learning_rate=3e-4).learning_rate == 3e-4


@pytest.mark.parametrize("changes", [{"lora": 0}, {"lora": 8, "optimizer": "muon"}, {"lora": 8, "lock": "both"}])
def test_what_it_cannot_go_with_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TrainingError):
        TrainConfig(**changes)
