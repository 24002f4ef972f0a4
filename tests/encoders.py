"""An encoder with vectors that can be worked out by hand, for tests of what is around it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from clipseek.encoder.pictures.perceptual_hash import appearance
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class ColourPicture:
    pixels: NDArray[np.float32]
    width: int
    height: int
    appearance: bytes = b""


class ColourEncoder:
    """A picture's vector is its mean colour, a text's the colours it names: ``[red, green, blue, 0.1]`` over its length."""

    dimension = 4
    _COLOURS = ("red", "green", "blue")

    def __init__(self, name: str = "colour") -> None:
        self.fingerprint = hashlib.sha256(name.encode()).hexdigest()
        self.decoded = 0
        self.batches: list[int] = []

    def load_picture(self, data: bytes) -> ColourPicture:
        try:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                pixels = np.asarray(image.convert("RGB"), np.float32).transpose(2, 0, 1) / np.float32(255)
        except Exception as problem:
            raise ValueError(f"not a picture: {type(problem).__name__}") from None
        self.decoded += 1
        return ColourPicture(pixels, image.width, image.height, appearance(np.asarray(image.convert("RGB"))))

    def encode_pictures(self, pictures: Sequence[ColourPicture]) -> NDArray[np.float32]:
        self.batches.append(len(pictures))
        return self._unit([[*picture.pixels.mean((1, 2)), 0.1] for picture in pictures])

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._unit([[*(float(word in text) for word in self._COLOURS), 0.1] for text in texts])

    @staticmethod
    def _unit(rows: Sequence[Sequence[float]]) -> NDArray[np.float32]:
        array = np.asarray(rows, np.float32).reshape(-1, 4)
        unit: NDArray[np.float32] = array / np.linalg.norm(array, axis=1, keepdims=True)
        return unit
