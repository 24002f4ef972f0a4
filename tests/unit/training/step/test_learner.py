"""One step: its gradient is that of the loss, and the moving average of the weights is validated while they go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.learners import gradients, learner_and_batch

pytestmark = pytest.mark.train


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


def test_the_moving_average_is_validated_and_the_weights_go_on(base: str, squares: Path) -> None:
    import torch

    learner, batch = learner_and_batch(base, squares, ema=0.99)
    name = "visual_projection.weight"
    first = learner.network.state_dict()[name].clone()
    learner.gradients(batch)
    learner.update(1e-2)
    second = learner.network.state_dict()[name].clone()
    with learner.averaged() as weights:
        expected = first + (1 - 2 / 11) * (second - first)
        torch.testing.assert_close(weights[name], expected)
        torch.testing.assert_close(learner.network.state_dict()[name], expected)
    assert torch.equal(learner.network.state_dict()[name], second)


def test_dropout_and_gradient_caching_are_refused_together(base: str, squares: Path, tmp_path: Path) -> None:
    """A micro-batch is encoded twice, and each pass would drop other weights."""
    import json
    import shutil

    from clipseek.training.errors import TrainingError

    folder = Path(shutil.copytree(base, tmp_path / "dropping"))
    held = json.loads((folder / "config.json").read_text("utf-8"))
    held["vision_config"]["attention_dropout"] = 0.1
    (folder / "config.json").write_text(json.dumps(held), "utf-8")
    with pytest.raises(TrainingError, match=r"attention_dropout is 0\.1, expected 0 with --micro-batch"):
        learner_and_batch(str(folder), squares, micro_batch=8)
    learner, batch = learner_and_batch(str(folder), squares)
    assert learner.gradients(batch) > 0


def test_the_sigmoids_bias_is_told(base: str, squares: Path) -> None:
    learner, batch = learner_and_batch(base, squares, loss="sigmoid")
    learner.gradients(batch)
    learner.update(1e-3)
    assert learner.bias < 0  # of 24 pairs in a row one is right
    assert learner_and_batch(base, squares)[0].bias is None
