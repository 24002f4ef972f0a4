"""Texts and picture files that the benchmarks encode: the same every time."""

from __future__ import annotations

import io
import random

import numpy as np
from PIL import Image

BATCH = 32
WORDS = "a small red house with two tall trees and old dogs on the green hill under evening sun by blue water".split()  # noqa: SIM905
SIZES = ((256, 256), (640, 480), (1024, 768), (2048, 1536))


def short_texts(count: int) -> list[str]:
    """Of 6 to 18 words, which are 8 to 20 tokens."""
    rng = random.Random(0)
    return [" ".join(rng.choices(WORDS, k=rng.randint(6, 18))) for _ in range(count)]


def picture_file(size: tuple[int, int], seed: int) -> bytes:
    """A picture with soft and hard edges and grain; every third a PNG."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = rng.normal(0, 6, (size[1], size[0], 1))
    picture = Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG") if seed % 3 == 0 else picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
