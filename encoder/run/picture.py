"""A file's bytes to a picture as the model takes it: decoded, cropped, and its appearance noted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..bundle.bundle import ImageSpec
from .stages import Stages

if TYPE_CHECKING:
    from ..pictures.crop import Crop
    from ..pictures.images import Decoder


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture ready for the model: ``pixels`` (S, S, 3) uint8; ``width`` and ``height`` of the original, or of the crop
    that was cut out of it, in pixels; ``appearance`` as ``perceptual_hash`` makes it of what the model sees.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    appearance: bytes = b""


@dataclass
class PictureLoader:
    """Decodes and crops as ``spec`` says, in any thread. Files beyond the limits, by default those of ``images``, are refused.

    ``jpeg_margin`` and ``jpeg_decoder``: the choice of ``fast_jpeg.choose_margin``; None decodes every picture whole, as training
    does, and by Pillow.
    """

    spec: ImageSpec
    stages: Stages
    max_megapixels: float | None = None
    max_megabytes: float | None = None
    jpeg_margin: int | None = None
    jpeg_decoder: Decoder | None = None

    def load(self, data: bytes, crop: Crop | None = None) -> Picture:
        """The file's picture, or ``crop`` of it. Raises ImageError, whose text is the reason."""
        return self.load_reduced(data, self.jpeg_margin, self.jpeg_decoder, crop)

    def load_reduced(
        self, data: bytes, margin: int | None, decoder: Decoder | None = None, crop: Crop | None = None
    ) -> Picture:
        """``load``, with JPEGs decoded at a fraction of their size that keeps ``margin`` times the model's edge."""
        from ..pictures.header import MAX_MEGAPIXELS
        from ..pictures.images import MAX_MEGABYTES, open_reduced
        from ..pictures.perceptual_hash import appearance
        from .preprocess import resize_and_crop

        spec = self.spec
        limits = self.max_megapixels or MAX_MEGAPIXELS, self.max_megabytes or MAX_MEGABYTES
        edge = None if margin is None else margin * spec.size
        with self.stages.measure("decode"):
            picture, (width, height) = open_reduced(data, spec.background, *limits, edge, decoder, crop=crop)
        with self.stages.measure("preprocess"):
            pixels = resize_and_crop(picture, spec)
            return Picture(pixels, width, height, appearance(pixels))
