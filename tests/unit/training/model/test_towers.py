"""One door to both ways of computing a CLIP's towers; what comes through it does not depend on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.models import make_tiny_clip, quiet

pytestmark = pytest.mark.train

TEXTS = ["a red cat " * (1 + at * 7 % 5) + "dog " * (at % 3) for at in range(70)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from clipseek.training.model.checkpoint import load_checkpoint

    return load_checkpoint(str(make_tiny_clip(tmp_path_factory.mktemp("base"))))


@pytest.mark.parametrize(("precision", "near"), [("fp32", 2e-5), ("bf16", 5e-2)])
def test_the_quick_way_equals_transformers_own(checkpoint: Any, precision: str, near: float) -> None:
    """Captions enough to be computed in groups of like length, in the order of the batch all the same."""
    import torch
    from clipseek.training.model.towers import Towers

    plain = Towers(checkpoint.model, checkpoint.image.mean, checkpoint.image.std)
    quick = checkpoint.towers
    assert type(quick) is not Towers
    pixels = torch.rand(5, 3, checkpoint.image.size, checkpoint.image.size, generator=torch.Generator().manual_seed(0))
    tokens = checkpoint.tokenize(TEXTS)
    with quiet(), torch.no_grad():
        wanted = plain.pool_pixels(pixels, precision), plain.pool_tokens(tokens, precision)
        got = quick.pool_pixels(pixels, precision), quick.pool_tokens(tokens, precision)
    for ours, theirs in zip(got, wanted, strict=True):
        assert ours.dtype == theirs.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, rtol=near, atol=near)


def test_a_model_with_other_parts_is_left_to_transformers(tmp_path: Path) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.model.towers import Towers

    checkpoint = load_checkpoint(str(make_tiny_clip(tmp_path)))
    before = checkpoint.encode_tokens(checkpoint.tokenize(TEXTS[:3]))
    fc1 = checkpoint.model.text_model.encoder.layers[0].mlp.fc1

    class Adapted(torch.nn.Linear):
        pass

    adapted = Adapted(fc1.in_features, fc1.out_features)
    adapted.load_state_dict(fc1.state_dict())
    checkpoint.model.text_model.encoder.layers[0].mlp.fc1 = adapted
    assert type(checkpoint.towers) is Towers
    with quiet():
        after = checkpoint.encode_tokens(checkpoint.tokenize(TEXTS[:3]))
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)


def test_lengths_are_rounded_up_to_multiples_of_four_below_the_limit() -> None:
    import torch
    from clipseek.training.model.towers import rounded_length

    assert [rounded_length(torch.tensor([3, most]), 24) for most in (4, 5, 23)] == [4, 8, 24]
    assert rounded_length(torch.tensor([21]), 22) == 22
