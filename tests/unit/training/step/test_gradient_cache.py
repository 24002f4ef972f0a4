"""Gradient caching gives the plain step's loss and gradients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.learners import gradients, learner_and_batch

pytestmark = pytest.mark.train


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


def test_random_views_are_the_same_in_micro_batches(base: str, squares: Path) -> None:
    values = []
    for micro in (None, 7):
        learner, batch = learner_and_batch(base, squares, micro_batch=micro, views="satellite")
        values.append(learner.gradients(batch))
    plain, _ = learner_and_batch(base, squares)
    assert values[1] == pytest.approx(values[0], rel=1e-6)
    assert values[0] != pytest.approx(plain.gradients(batch), rel=1e-6)


@pytest.mark.parametrize("micro", [3, 24])
def test_a_locked_tower_is_encoded_once(base: str, squares: Path, micro: int) -> None:
    """Nothing of it learns, so that its second pass ends with the first micro-batch."""
    from clipseek.training.step.gradient_cache import backward, captions, embed_without_graph

    learner, batch = learner_and_batch(base, squares, lock="text")
    checkpoint = learner._checkpoint
    checkpoint.model.text_projection.requires_grad_(False)
    batches = captions(checkpoint, "fp32", batch.tokens, micro)
    assert sorted(int(row) for rows in batches.micro_batches for row in rows) == list(range(24))
    embedded = embed_without_graph(batches)
    backward(batches, embedded, embedded.vectors)
    assert all(parameter.grad is None for parameter in checkpoint.model.text_model.parameters())


def test_micro_batches_hold_captions_of_like_length(base: str) -> None:
    """Each is cut to its own longest caption, and every vector is that of its caption alone."""
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.gradient_cache import captions, embed_without_graph

    checkpoint = load_checkpoint(base)
    texts = ["a red cat " * (1 + at * 5 % 7) for at in range(12)]
    tokens = checkpoint.tokenize(texts)
    batches = captions(checkpoint, "fp32", tokens, 5)
    lengths = tokens["attention_mask"].sum(1)[torch.cat(list(batches.micro_batches))].tolist()
    assert lengths == sorted(lengths)
    with torch.no_grad():
        alone = torch.cat([checkpoint.encode_tokens(checkpoint.tokenize([text])) for text in texts])
    torch.testing.assert_close(embed_without_graph(batches).vectors, alone, rtol=0, atol=1e-5)
