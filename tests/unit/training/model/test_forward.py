"""The quick forward pass against transformers' own, numbers and gradients."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models import make_tiny_clip, quiet

pytestmark = pytest.mark.train

TEXTS = ["a red cat", "two dogs and a big blue house on the moon", "", "star"]


@pytest.fixture(scope="module", params=["quick_gelu", "gelu", "legacy_eos"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from clipseek.training.model.checkpoint import load_checkpoint

    legacy = request.param == "legacy_eos"
    folder = tmp_path_factory.mktemp(request.param)
    make_tiny_clip(folder, legacy_eos=legacy, act="quick_gelu" if legacy else request.param)
    checkpoint = load_checkpoint(str(folder))
    checkpoint.model.train()
    return checkpoint


def inputs(checkpoint: Any) -> tuple[Any, Any, Any]:
    import torch

    size = checkpoint.image.size
    pixels = torch.rand(len(TEXTS), 3, size, size, generator=torch.Generator().manual_seed(1))
    mean, std = torch.tensor(checkpoint.image.mean), torch.tensor(checkpoint.image.std)
    return pixels, mean, std


def theirs(checkpoint: Any) -> tuple[Any, Any]:
    with quiet():
        pixels, mean, std = inputs(checkpoint)
        tokens = checkpoint.tokenizer(TEXTS, padding=True, return_tensors="pt")
        normalised = (pixels - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
        images = checkpoint.model.get_image_features(pixel_values=normalised)
        texts = checkpoint.model.get_text_features(**tokens)
    return images, texts


def ours(checkpoint: Any, dtype: str = "float32") -> tuple[Any, Any]:
    import torch
    from clipseek.training.model.forward import pooled_pixels, pooled_tokens

    model, kind = checkpoint.model, getattr(torch, dtype)
    ids = checkpoint.tokenizer(TEXTS, padding=True, return_tensors="pt")["input_ids"]
    images = pooled_pixels(model, *inputs(checkpoint), kind)
    texts = pooled_tokens(model, ids, kind, model.text_model.embeddings.token_embedding(ids))
    return model.visual_projection(images), model.text_projection(texts)


def test_numbers_equal_transformers(loaded: Any) -> None:
    import torch
    from clipseek.training.model.forward import supports

    assert supports(loaded.model)
    for mine, reference in zip(ours(loaded), theirs(loaded), strict=True):
        torch.testing.assert_close(mine, reference, atol=2e-5, rtol=1e-4)


def test_gradients_equal_transformers(loaded: Any) -> None:
    import torch

    gradients = []
    for forward in (ours, theirs):
        loaded.model.zero_grad(set_to_none=True)
        images, texts = forward(loaded)
        weight = torch.linspace(-1, 1, images.shape[1])
        ((images * weight).sum() + (texts.sin() * weight).sum()).backward()
        gradients.append({n: p.grad.clone() for n, p in loaded.model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    assert len(gradients[0]) > 60
    for name, mine in gradients[0].items():
        torch.testing.assert_close(mine, gradients[1][name], atol=3e-4, rtol=2e-3, msg=name)


def test_bf16_points_the_same_way(loaded: Any) -> None:
    import torch

    for mine, reference in zip(ours(loaded, "bfloat16"), theirs(loaded), strict=True):
        assert mine.dtype == torch.float32
        assert torch.nn.functional.cosine_similarity(mine, reference).min() > 0.999
