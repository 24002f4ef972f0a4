"""Pixels as the model was trained on them. Training and serving both call this, so they cannot drift apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .bundle import ImageSpec

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def resize_and_crop(picture: Image.Image, spec: ImageSpec) -> NDArray[np.uint8]:
    """RGB picture -> (S, S, 3) uint8: shortest edge to S, then the centre, in CLIPImageProcessor's integers."""
    size = spec.size
    width, height = picture.size
    if width <= height:
        target = (size, max(size, int(size * height / width)))
    else:
        target = (max(size, int(size * width / height)), size)
    if picture.size != target:
        # A sliver, 20,000 x 2 say, would be blown up to a gigantic strip of which only the centre is kept: cut it first.
        if max(target) > 64 * size:
            picture = _middle(picture, 32)
            return resize_and_crop(picture, spec)
        picture = picture.resize(target, _FILTERS[spec.interpolation], reducing_gap=None)
    left, top = (target[0] - size) // 2, (target[1] - size) // 2
    return np.asarray(picture.crop((left, top, left + size, top + size)), dtype=np.uint8)


def _middle(picture: Image.Image, ratio: int) -> Image.Image:
    width, height = picture.size
    if width > height:
        left = (width - ratio * height) // 2
        return picture.crop((left, 0, left + ratio * height, height))
    top = (height - ratio * width) // 2
    return picture.crop((0, top, width, top + ratio * width))


def normalize(pixels: NDArray[np.uint8], spec: ImageSpec) -> NDArray[np.float32]:
    """(S, S, 3) uint8 -> (3, S, S) float32, ready for the model."""
    mean = np.asarray(spec.mean, np.float32)
    std = np.asarray(spec.std, np.float32)
    scaled = (pixels.astype(np.float32) * np.float32(1 / 255) - mean) / std
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))
