"""One step: gradient caching and several processes give the plain step's gradients; locked towers stay as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_clip(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("squares")
    write_squares(folder, copies=2)
    return folder


def learner_and_batch(base: str, squares: Path, **changes: Any) -> tuple[Any, Any]:
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.batch import BatchMaker
    from clipseek.training.step.distributed import World
    from clipseek.training.step.learner import Learner

    config = TrainConfig(**{"base": base, "batch_size": 24, "precision": "fp32", "clip_norm": 0.0, **changes})
    checkpoint = load_checkpoint(base)
    pairs = load_pairs(write_squares(squares, copies=2), checkpoint.image)
    learner = Learner(checkpoint, config, "fp32", World())
    return learner, BatchMaker(config, checkpoint, pairs, None).make(0)


def gradients(learner: Any) -> dict[str, Any]:
    return {name: value.grad for name, value in learner.network.named_parameters() if value.grad is not None}


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("micro", [1, 5, 8, 24])
def test_gradient_caching_equals_the_plain_batch(base: str, squares: Path, micro: int, loss: str) -> None:
    import torch

    plain, batch = learner_and_batch(base, squares, loss=loss)
    plain_loss = plain.gradients(batch)
    cached, batch = learner_and_batch(base, squares, micro_batch=micro, loss=loss)
    assert cached.gradients(batch) == pytest.approx(plain_loss, rel=1e-6)
    expected, got = gradients(plain), gradients(cached)
    assert expected.keys() == got.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(
            got[name], gradient, rtol=2e-4, atol=2e-6 * float(1 + gradient.abs().max()), msg=name
        )


def test_the_gradient_is_that_of_the_loss_itself(base: str, squares: Path) -> None:
    """Outside oracle: transformers' own forward, its own loss, autograd from end to end."""
    import torch

    learner, batch = learner_and_batch(base, squares, augment=False, share_targets=False, intra_modal=False)
    value = learner.gradients(batch)
    ours = gradients(learner)
    from clipseek.training.model.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(base)
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (checkpoint.image.mean, checkpoint.image.std))
    pixels = (batch.pixels.permute(0, 3, 1, 2).float() / 255 - mean) / std
    theirs = checkpoint.model(**batch.tokens, pixel_values=pixels, return_loss=True)
    theirs.loss.backward()
    assert value == pytest.approx(float(theirs.loss.detach()), rel=1e-5)
    for name, parameter in checkpoint.model.named_parameters():
        if parameter.grad is not None and float(parameter.grad.abs().max()) > 1e-7:
            torch.testing.assert_close(ours[name], parameter.grad, rtol=1e-3, atol=1e-6, msg=name)


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


def test_the_running_mean_is_judged_and_the_weights_go_on(base: str, squares: Path) -> None:
    import torch

    learner, batch = learner_and_batch(base, squares, ema=0.99)
    name = "visual_projection.weight"
    first = learner.network.state_dict()[name].clone()
    learner.gradients(batch)
    learner.update(1e-2)
    second = learner.network.state_dict()[name].clone()
    with learner.judged() as weights:
        expected = first + (1 - 2 / 11) * (second - first)
        torch.testing.assert_close(weights[name], expected)
        torch.testing.assert_close(learner.network.state_dict()[name], expected)
    assert torch.equal(learner.network.state_dict()[name], second)


_ONE_RUN = """
import sys
from pathlib import Path
from clipseek.training.config import TrainConfig
from clipseek.training.data import load_pairs
from clipseek.training.loop import train
from clipseek.training.model import load_checkpoint
from tests.pairs import write_squares

base, squares, out = sys.argv[1:]
pairs = load_pairs(write_squares(Path(squares), copies=2), load_checkpoint(base).image)
config = TrainConfig(base=base, epochs=3, batch_size=16, learning_rate=1e-3, precision="fp32", validation_share=0.2)
train(config, pairs, Path(out))
"""


def test_two_processes_learn_what_one_does(base: str, squares: Path, tmp_path: Path) -> None:
    """gloo on two processes: the losses of every step, and who writes what."""
    import json
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).resolve().parents[3]
    losses = {}
    for size in (1, 2):
        out = tmp_path / f"run-{size}"
        started = []
        for rank in range(size):
            several = {
                "WORLD_SIZE": str(size),
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }
            environment = {
                **os.environ,
                **(several if size > 1 else {}),
                "OMP_NUM_THREADS": "1",
                "CUDA_VISIBLE_DEVICES": "",
            }
            command = [sys.executable, "-c", _ONE_RUN, base, str(squares), str(out)]
            started.append(subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True))
        for process in started:
            _, errors = process.communicate(timeout=240)
            assert process.returncode == 0, errors
        history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
        losses[size] = [row["loss"] for row in history if row["event"] == "step"]
        assert (out / "best" / "model.safetensors").is_file()
    assert len(losses[1]) == len(losses[2]) > 4
    assert losses[2] == pytest.approx(losses[1], rel=1e-4)
