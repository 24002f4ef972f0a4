"""Which weights learn, how far a step moves them, and the learning rate as a function of progress."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.training.config import SCHEDULES

from tests.learners import learner_and_batch

pytestmark = pytest.mark.train


@pytest.mark.parametrize(("lock", "layers"), [("image", 0), ("text", 1), ("both", 0), ("both", 1)])
def test_what_is_locked_does_not_move(base: str, squares: Path, lock: str, layers: int) -> None:
    import torch

    learner, batch = learner_and_batch(base, squares, lock=lock, unlock_layers=layers)
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    learner.gradients(batch)
    learner.update(1e-2)
    after = learner.network.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    towers = {"image": ["vision"], "text": ["text"], "both": ["vision", "text"]}[lock]
    for tower in ("vision", "text"):
        own = {name for name in moved if name.startswith(f"{tower}_model.")}
        if tower not in towers:
            assert any(".layers.0." in name for name in own)
        else:
            assert {name for name in own if ".layers.0." in name or "embedding" in name} == set()
            assert bool({name for name in own if ".layers.1." in name}) == bool(layers)
    assert {"visual_projection.weight", "text_projection.weight", "logit_scale"} <= moved


def test_lower_layers_move_less_with_layer_decay(base: str, squares: Path) -> None:
    learner, batch = learner_and_batch(base, squares, layer_decay=0.5, weight_decay=0.0, optimizer="adamw")
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    learner.gradients(batch)
    learner.update(1e-3)
    after = learner.network.state_dict()

    def step(name: str) -> float:
        return float((after[name] - before[name]).abs().max())

    # Adam's first step is the learning rate itself, wherever the gradient is not nought.
    assert step("visual_projection.weight") == pytest.approx(1e-3, rel=0.02)
    assert step("vision_model.encoder.layers.1.mlp.fc1.weight") == pytest.approx(0.5e-3, rel=0.02)
    assert step("vision_model.encoder.layers.0.mlp.fc1.weight") == pytest.approx(0.25e-3, rel=0.02)
    assert step("text_model.embeddings.position_embedding.weight") == pytest.approx(0.125e-3, rel=0.02)


def test_the_embeddings_of_tokens_that_were_read_move_further(base: str, squares: Path) -> None:
    import torch

    learner, batch = learner_and_batch(base, squares, embedding_factor=4.0, weight_decay=0.0)
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    learner.gradients(batch)
    learner.update(1e-3)
    after = learner.network.state_dict()
    moved = {name: (after[name] - before[name]).abs() for name in after if "text_model.embeddings" in name}
    read = batch.tokens["input_ids"].unique()
    table = moved["text_model.embeddings.token_embedding.weight"]
    assert float(table[read].max()) == pytest.approx(4e-3, rel=0.02)  # AdamW's first step is the learning rate
    unread = torch.ones(len(table), dtype=torch.bool)
    unread[read] = False
    assert not table[unread].any()
    assert float(moved["text_model.embeddings.position_embedding.weight"].max()) == pytest.approx(1e-3, rel=0.02)


def test_muon_moves_a_matrix_equally_far_in_every_direction(base: str, squares: Path) -> None:
    import torch

    learner, batch = learner_and_batch(base, squares, weight_decay=0.0, muon_factor=3.0, intra_modal=False)
    name = "vision_model.encoder.layers.0.mlp.fc1.weight"
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    learner.gradients(batch)
    gradient = dict(learner.network.named_parameters())[name].grad
    learner.update(1e-3)
    after = learner.network.state_dict()
    moves = torch.linalg.svdvals(after[name] - before[name])
    expected = 3e-3 * 0.2 * max(before[name].shape) ** 0.5  # the root mean square of AdamW's moves, about 0.2
    gradients = torch.linalg.svdvals(gradient)
    counted = gradients > 0.02 * gradients.max()  # below that five iterations do not lift a direction
    assert counted.sum() >= 8
    assert gradients[counted].max() / gradients[counted].min() > 5
    assert moves[: counted.sum()].min() > 0.4 * expected
    assert moves.max() < 1.3 * expected
    bias = "vision_model.encoder.layers.0.mlp.fc1.bias"
    assert float((after[bias] - before[bias]).abs().max()) == pytest.approx(1e-3, rel=0.02)  # AdamW's first step


def test_large_bases_are_moved_by_adamw_and_small_ones_by_muon(base: str) -> None:
    import torch
    from clipseek.training.config import TrainConfig
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.optimizer import LARGE, chosen_optimizer, lock, make_optimizer
    from torch import nn
    from transformers import CLIPConfig, CLIPModel

    def kinds(model: CLIPModel, **changes: object) -> list[str]:
        config = TrainConfig(**changes)  # type: ignore[arg-type]
        lock(model, config)
        return [type(part).__name__ for part in make_optimizer(model, config, nn.Module())._parts]

    small = load_checkpoint(base).model
    with torch.device("meta"):
        large = CLIPModel(CLIPConfig())  # ViT-B/32's shapes
    assert sum(parameter.numel() for parameter in large.parameters()) > LARGE
    assert (chosen_optimizer(small, TrainConfig()), chosen_optimizer(large, TrainConfig())) == ("muon", "adamw")
    assert kinds(small) == ["AdamW", "Muon"]
    assert kinds(large) == ["AdamW"]
    assert kinds(large, optimizer="muon") == ["AdamW", "Muon"]
    assert kinds(small, optimizer="adamw") == ["AdamW"]


@pytest.mark.parametrize("kind", SCHEDULES)
def test_warm_up_rises_to_one(kind: str) -> None:
    from clipseek.training.step.optimizer import learning_rate_factor

    rising = [learning_rate_factor(p / 100, 0.1, kind) for p in range(11)]
    assert rising == sorted(rising)
    assert 0 < rising[0] < 0.02
    assert rising[-1] == 1


def test_ways_down() -> None:
    from clipseek.training.step.optimizer import learning_rate_factor

    assert learning_rate_factor(0.55, 0.1, "cosine") == pytest.approx(0.5)
    assert learning_rate_factor(0.55, 0.1, "linear") == pytest.approx(0.5)
    assert learning_rate_factor(0.325, 0.1, "linear") == pytest.approx(0.75)
    assert learning_rate_factor(0.325, 0.1, "cosine") > 0.75
    assert learning_rate_factor(0.55, 0.1, "constant") == 1
    for kind in ("cosine", "linear"):
        assert learning_rate_factor(1.0, 0.1, kind) == pytest.approx(0)
        assert learning_rate_factor(1.7, 0.1, kind) == pytest.approx(0)  # a timed run's last step overshoots


def test_no_warm_up_starts_at_one() -> None:
    from clipseek.training.step.optimizer import learning_rate_factor

    assert learning_rate_factor(0.0, 0.0) == 1
