"""Pictures and captions to compare two encoders on."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from clipseek.encoder.pictures.files import read_picture
from clipseek.encoder.pictures.images import open_image
from clipseek.sources import Record
from clipseek.training.errors import UnusableData
from PIL import Image, ImageDraw, ImageFilter

PICTURES, CAPTIONS = 16, 48  # the most of a source

_PLAIN = (
    "",
    "a",
    "a photo of a cat",
    "two dogs and a red ball on green grass",
    "T2-weighted MRI, axial: 3.5 x 4 cm lesion (arrow)",
    "l'été à la plage — 25°C & sunny",
    "café naïve Ünïcödé ÆØÅ",
    "日本の城 🏯 and a 🐈",
    "UPPER lower MiXeD 0123456789 !?#$%",
    "tabs\tand\nnewlines   and   spaces",
)


@dataclass(frozen=True)
class Samples:
    """``pictures`` are files' bytes; ``origin`` says where they come from."""

    pictures: tuple[bytes, ...]
    captions: tuple[str, ...]
    origin: str

    def __add__(self, other: Samples) -> Samples:
        origin = f"{self.origin} and {other.origin}"
        return Samples(self.pictures + other.pictures, self.captions + other.captions, origin)


def samples_from(records: Iterable[Record], origin: str) -> Samples:
    """The first readable pictures of ``records`` with their captions. Raises UnusableData when none can be read."""
    pictures: list[bytes] = []
    captions: list[str] = []
    reason = "it has no pictures"
    for record in records:
        file = read_picture(record.image, lambda data: (data, open_image(data).size))
        if isinstance(file, str):
            reason = f"{record.image.name}: {file}"
            continue
        data, size = file
        # Slivers are cut before they are scaled, which the reference does not do.
        if max(size) <= 32 * min(size):
            pictures.append(data)
            captions.extend(record.captions)
        if len(pictures) == PICTURES:
            break
    if not pictures:
        raise UnusableData(f"no picture of {origin} can be used as a sample ({reason}); name another with --samples")
    return Samples(tuple(pictures), tuple(captions[:CAPTIONS]), origin)


def made_samples(size: int, context_length: int) -> Samples:
    """Ten pictures like photographs in what resizing meets (soft and hard edges, grain, JPEG blocks), of odd sizes.

    ``size`` in pixels and ``context_length`` in tokens are the model's: below, at and above them, and a caption that is
    certainly cut.
    """
    shapes = ((1, 1), (2, 3), (3, 2), (1, 4), (5, 1), (1.01, 1), (0.6, 0.5), (0.3, 0.9), (4, 3.3), (2.2, 2.2))
    pictures = tuple(_scene(round(w * size) or 1, round(h * size) or 1, at) for at, (w, h) in enumerate(shapes))
    long = tuple(" ".join(["many words"] * count) for count in (context_length // 4, context_length))
    return Samples(pictures, _PLAIN + long, "made pictures")


def _scene(width: int, height: int, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    turns = rng.uniform(2, 40, (3, 2))
    waves = np.stack([np.sin(a * x + b * y * y + seed) for a, b in turns], -1)  # (H, W, 3) in -1..1
    picture = Image.fromarray((127.5 + 90 * waves).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        left, top = rng.uniform(0, width), rng.uniform(0, height)
        box = (left, top, left + rng.uniform(1, width / 2 + 1), top + rng.uniform(1, height / 2 + 1))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=colour)
    if seed % 2:
        picture = picture.filter(ImageFilter.GaussianBlur(1.5))
    grain = rng.normal(0, 8, (height, width, 3))
    picture = Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG") if seed % 3 == 0 else picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
