"""patches.onnx against transformers' own last layer, caught by a hook; a bundle with it searches as one without."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, BundleError, ClipEncoder
from clipseek.encoder.bundle.files import PATCHES
from clipseek.encoder.run.explain import GAP, SIDE, Explanation, explain
from clipseek.encoder.run.preprocess import normalize

from tests.models import quiet

with quiet():
    import torch
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.samples import made_samples

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def bundle(checkpoint: Path) -> Bundle:
    return export_bundle(str(checkpoint), checkpoint.parent / "bundle", explain=True)


def test_patches_are_the_last_layers_own_values(bundle: Bundle, checkpoint: Path) -> None:
    with quiet():
        from transformers import CLIPModel

        model = CLIPModel.from_pretrained(checkpoint).eval()
    caught: list[torch.Tensor] = []
    last = model.vision_model.encoder.layers[-1].self_attn
    last.v_proj.register_forward_hook(lambda module, given, value: caught.append(value))
    encoder = ClipEncoder(bundle, device="cpu")
    pictures = [encoder.load_picture(data) for data in made_samples(32, 24).pictures]
    with torch.no_grad():
        pixels = torch.from_numpy(np.stack([normalize(picture.pixels, bundle.image) for picture in pictures]))
        model.get_image_features(pixel_values=pixels)
        states = model.vision_model.post_layernorm(last.out_proj(caught[0]))
        expected = torch.nn.functional.normalize(model.visual_projection(states)[:, 1:], dim=-1)
    ours = encoder.encode_patches(pictures)
    assert ours.shape == (len(pictures), 4, 4, 48)
    np.testing.assert_allclose(ours.reshape(expected.shape), expected.numpy(), atol=1e-5)
    assert bundle.passport["parity"]["patches_max_abs"] <= 1e-4


def test_search_does_not_notice(bundle: Bundle, checkpoint: Path, tmp_path: Path) -> None:
    without = export_bundle(str(checkpoint), tmp_path / "without")
    assert without.fingerprint == bundle.fingerprint
    assert not (without.path / PATCHES).exists()
    with pytest.raises(BundleError, match=r"no patches\.onnx; .* --explain"):
        explain(ClipEncoder(without, device="cpu"), made_samples(32, 24).pictures[0], "a cat")


def test_it_is_hashed_like_the_others(bundle: Bundle, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle.path, copy)
    data = bytearray((copy / PATCHES).read_bytes())
    data[-500] ^= 1
    (copy / PATCHES).write_bytes(data)
    Bundle.load(copy)
    with pytest.raises(BundleError, match=r"patches\.onnx .*SHA-256 differs"):
        Bundle.load(copy, verify=True)
    (copy / PATCHES).unlink()
    with pytest.raises(BundleError, match=r"lacks patches\.onnx"):
        Bundle.load(copy)


@pytest.mark.parametrize("options", [{"precision": "int8"}, {"storage": "fp16"}])
def test_beside_reduced_towers(options: dict[str, Any], checkpoint: Path, tmp_path: Path) -> None:
    made = export_bundle(str(checkpoint), tmp_path / "bundle", explain=True, **options)
    assert set(made.passport["extras"]) == {PATCHES}
    assert Bundle.load(made.path, verify=True) == made
    found = explain(ClipEncoder(made, device="cpu"), made_samples(32, 24).pictures[2], "a red cat")
    assert found.grid.shape == (4, 4)


def test_grid_is_cosines_and_cosine_is_what_search_ranks_by(bundle: Bundle) -> None:
    encoder = ClipEncoder(bundle, device="cpu")
    data = made_samples(32, 24).pictures[5]
    found = explain(encoder, data, "a red cat")
    picture, words = encoder.load_picture(data), encoder.encode_texts(["a red cat"])[0]
    np.testing.assert_allclose(found.grid, encoder.encode_patches([picture])[0] @ words, atol=1e-6)
    assert found.cosine == pytest.approx(float(encoder.encode_pictures([picture])[0] @ words), abs=1e-6)
    assert np.abs(found.grid).max() <= 1
    assert found.seen.shape == (32, 32, 3)


class TestHeat:
    def picture(self, grid: Any) -> Any:
        seen = np.full((32, 32, 3), 200, np.uint8)
        heat = Explanation(np.asarray(grid, np.float32), 0.1, seen).heat()
        assert heat.size == (2 * SIDE + GAP, SIDE)
        pixels = np.asarray(heat, np.float32)
        assert (pixels[:, :SIDE] == 200).all()  # the picture itself
        return pixels[:, SIDE + GAP :].sum(2)

    def test_is_brightest_where_the_cosine_is_largest(self) -> None:
        light = self.picture([[0.1, 0.1, 0.1], [0.1, 0.1, 0.3], [0.1, 0.1, 0.1]])
        row, column = np.unravel_index(light.argmax(), light.shape)
        assert SIDE / 3 < row < 2 * SIDE / 3
        assert column > 2 * SIDE / 3

    def test_of_equal_patches_is_even(self) -> None:
        assert np.ptp(self.picture([[0.2, 0.2], [0.2, 0.2]])) == 0
