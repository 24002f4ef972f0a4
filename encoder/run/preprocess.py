"""Pixels as the model was trained on them. Training and serving both call this, so they cannot drift apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..bundle.bundle import ImageSpec

# A sliver of 20,000 x 2 would first be blown up to a strip of which only the centre is kept. Beyond this ratio of its
# sides it is cut to half the ratio first; up to it, pixels equal CLIPImageProcessor's.
_SLIVER = 64


def resize_and_crop(picture: Image.Image, spec: ImageSpec) -> NDArray[np.uint8]:
    """RGB picture -> (S, S, 3) uint8: shortest edge to S, then the centre, in CLIPImageProcessor's integers."""
    picture = _without_far_ends(picture)
    size = spec.size
    width, height = picture.size
    short, long = min(width, height), max(width, height)
    longer = int(size * long / short)
    target = (size, longer) if width <= height else (longer, size)
    if picture.size != target:
        picture = picture.resize(target, Image.Resampling[spec.interpolation.upper()])
    left, top = (target[0] - size) // 2, (target[1] - size) // 2
    return np.asarray(picture.crop((left, top, left + size, top + size)), dtype=np.uint8)


def normalize(pixels: NDArray[np.uint8], spec: ImageSpec) -> NDArray[np.float32]:
    """(S, S, 3) uint8 -> (3, S, S) float32, ready for the model. Looked up: a byte has only 256 values to be scaled."""
    mean = np.asarray(spec.mean, np.float32)
    std = np.asarray(spec.std, np.float32)
    table = ((np.arange(256, dtype=np.float32)[:, None] * np.float32(1 / 255) - mean) / std).T
    scaled = np.empty((3, *pixels.shape[:2]), np.float32)
    for channel in range(3):
        np.take(np.ascontiguousarray(table[channel]), pixels[..., channel], out=scaled[channel], mode="clip")
    return scaled


def _without_far_ends(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    if max(width, height) <= _SLIVER * min(width, height):
        return picture
    keep = _SLIVER // 2 * min(width, height)
    if width > height:
        left = (width - keep) // 2
        return picture.crop((left, 0, left + keep, height))
    top = (height - keep) // 2
    return picture.crop((0, top, width, top + keep))
