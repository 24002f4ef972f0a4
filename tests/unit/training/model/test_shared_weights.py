"""Weights made ready for a step's parts are gone with the step: a training holds no more memory after many steps."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from tests.models import make_tiny_clip

pytestmark = pytest.mark.train


@pytest.mark.parametrize("learns", [True, False])
@pytest.mark.parametrize("keeps", [True, False])
def test_nothing_outlives_the_step(tmp_path: Path, learns: bool, keeps: bool) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(str(make_tiny_clip(tmp_path)))
    length = checkpoint.patches + 1
    shared = checkpoint.shared_weights("vision", "fp32", 2 * length if keeps else 0)
    assert shared is not None
    pixels = torch.rand(2, 3, checkpoint.image.size, checkpoint.image.size)
    with torch.no_grad():
        vectors = checkpoint.encode_pixels(pixels, "fp32", shared.part(0, 2, length))
    outputs = shared.part(0, 2, length).outputs
    assert (outputs is not None) == keeps
    del outputs
    if learns:
        vectors = checkpoint.encode_pixels(pixels, "fp32", shared.part(0, 2, length))
        vectors.sum().backward()
        shared.settle()
    held = [weakref.ref(weight) for weights in shared.part(0, 2, length).weights for weight in weights.values()]
    assert held
    assert all(one() is not None for one in held)
    del shared, vectors
    gc.collect()
    assert [one() for one in held] == [None] * len(held)


def test_a_look_without_a_graph_sees_what_learning_sees(tmp_path: Path) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(str(make_tiny_clip(tmp_path)))
    shared = checkpoint.shared_weights("text", "fp32", 0)
    assert shared is not None
    tokens = checkpoint.tokenize(["a red square", "two blue squares on green"])
    with torch.no_grad():
        looked = checkpoint.encode_tokens(tokens, "fp32", prepared=shared.part(0, *tokens["input_ids"].shape))
    learnt = checkpoint.encode_tokens(tokens, "fp32", prepared=shared.part(0, *tokens["input_ids"].shape))
    assert learnt.requires_grad
    assert not looked.requires_grad
    torch.testing.assert_close(looked, learnt.detach(), rtol=1e-5, atol=1e-6)
