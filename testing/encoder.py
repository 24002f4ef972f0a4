"""An encoder with vectors that can be worked out by hand, for tests of what is around it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import numpy as np
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.perceptual_hash import appearance
from clipseek.encoder.run.picture import Picture
from numpy.typing import NDArray
from PIL import Image


class ColourEncoder:
    """Satisfies ``clipseek.opensearch.protocols.Encoder`` without a model.

    A picture's vector is its mean colour, a text's the colours it names: ``[red, green, blue, 0.1]`` over its length. Encoders of
    another ``name`` have another fingerprint: an index of one refuses the other. ``decoded`` counts the pictures that were
    decoded, ``batches`` lists the sizes of the batches of pictures.
    """

    dimension = 4

    def __init__(self, name: str = "colour") -> None:
        self.fingerprint = hashlib.sha256(name.encode()).hexdigest()
        self.decoded = 0
        self.batches: list[int] = []

    def load_picture(self, data: bytes, crop: Crop | None = None) -> Picture:
        """Decode a file's bytes, and take ``crop`` of them. Raises ValueError where they are no picture."""
        try:
            with Image.open(io.BytesIO(data)) as image:
                seen = image.convert("RGB")
        except Exception as problem:
            raise ValueError(f"not a picture: {type(problem).__name__}") from None
        pixels = np.asarray(seen if crop is None else seen.crop(crop.box(*seen.size)))
        self.decoded += 1
        return Picture(pixels, pixels.shape[1], pixels.shape[0], appearance(pixels))

    def encode_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """``(N, 4) float32``, unit rows."""
        self.batches.append(len(pictures))
        return _unit([[*picture.pixels.mean((0, 1)) / 255, 0.1] for picture in pictures])

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``(N, 4) float32``, unit rows."""
        return _unit([[*(float(word in text) for word in ("red", "green", "blue")), 0.1] for text in texts])


def _unit(rows: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    array = np.asarray(rows, np.float32).reshape(-1, 4)
    unit: NDArray[np.float32] = array / np.linalg.norm(array, axis=1, keepdims=True)
    return unit
