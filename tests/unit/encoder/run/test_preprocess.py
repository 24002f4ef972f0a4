"""Preprocessing against CLIPImageProcessor on odd sizes, and what it does where that would need gigabytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.run.preprocess import normalize, resize_and_crop
from numpy.typing import NDArray
from PIL import Image

from tests.models import quiet

CLIP = ImageSpec(
    size=48,
    mean=(0.48145466, 0.4578275, 0.40821073),
    std=(0.26862954, 0.26130258, 0.27577711),
    interpolation="bicubic",
    background=(255, 255, 255),
)
SIZES = [
    (w, h) for w in (1, 7, 47, 48, 49, 95, 97, 300) for h in (5, 33, 48, 64, 131, 301) if max(w, h) <= 64 * min(w, h)
]


def noise(width: int, height: int) -> Image.Image:
    """The worst case for any deviation in resizing."""
    rng = np.random.default_rng(width * 1000 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def ours(picture: Image.Image, spec: ImageSpec) -> NDArray[np.float32]:
    return normalize(resize_and_crop(picture, spec), spec)


def theirs(picture: Image.Image, spec: ImageSpec, resample: int) -> Any:
    with quiet():
        from transformers import CLIPImageProcessor

        processor = CLIPImageProcessor(
            size={"shortest_edge": spec.size},
            crop_size={"height": spec.size, "width": spec.size},
            resample=Image.Resampling(resample),
            image_mean=list(spec.mean),
            image_std=list(spec.std),
        )
        return processor(images=picture, return_tensors="np")["pixel_values"][0]


@pytest.mark.train
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_equals_transformers(width: int, height: int) -> None:
    picture = noise(width, height)
    np.testing.assert_allclose(ours(picture, CLIP), theirs(picture, CLIP, 3), atol=1e-6)


@pytest.mark.train
@pytest.mark.parametrize(
    ("name", "code"), [("nearest", 0), ("lanczos", 1), ("bilinear", 2), ("box", 4), ("hamming", 5)]
)
def test_every_interpolation_equals_transformers(name: str, code: int) -> None:
    half = (0.5, 0.5, 0.5)
    spec = ImageSpec(size=31, mean=half, std=half, interpolation=name, background=(0, 0, 0))
    picture = noise(77, 130)
    np.testing.assert_allclose(ours(picture, spec), theirs(picture, spec, code), atol=1e-6)


def test_numbers_come_from_the_spec() -> None:
    spec = ImageSpec(size=2, mean=(0, 0.5, 1), std=(1, 0.5, 2), interpolation="bicubic", background=(0, 0, 0))
    pixels = normalize(np.full((2, 2, 3), 255, np.uint8), spec)
    np.testing.assert_allclose(pixels[:, 0, 0], [1, 1, 0], atol=1e-7)
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("size", [(20_000, 2), (2, 20_000), (1, 50_000)])
def test_a_sliver_keeps_its_centre_and_the_memory(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, (10, 20, 30))
    centre = (size[0] // 2, size[1] // 2)
    picture.paste((200, 100, 50), (max(0, centre[0] - 40), max(0, centre[1] - 40), centre[0] + 40, centre[1] + 40))
    pixels = resize_and_crop(picture, CLIP)
    assert pixels.shape == (48, 48, 3)
    assert (pixels == (200, 100, 50)).all()
