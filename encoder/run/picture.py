"""A file's bytes to a picture as the model takes it: decoded, cropped, and its appearance noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..bundle.bundle import ImageSpec
from .stages import Stages

if TYPE_CHECKING:
    from ..pictures.crop import Crop
    from ..pictures.errors import ImageError
    from ..pictures.pixels.rendering import Seen


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture ready for the model: ``pixels`` (S, S, 3) uint8; ``width`` and ``height`` of the original, or of the crop
    that was cut out of it, in pixels; ``appearance`` as ``perceptual_hash`` makes it of what the model sees; ``rules``: the
    versions of those rules that decided its pixels (``Seen.met``); ``said``: what its decoder printed.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    appearance: bytes = b""
    rules: tuple[str, ...] = ()
    said: str = ""


@dataclass
class PictureLoader:
    """Decodes and crops as ``spec`` says, in any thread. Files beyond the limits, by default those of ``images``, are refused."""

    spec: ImageSpec
    stages: Stages
    max_megapixels: float | None = None
    max_megabytes: float | None = None

    def load(self, data: bytes, crop: Crop | None = None) -> Picture:
        """The file's picture, or ``crop`` of it. Raises ImageError, whose text is the reason."""
        from ..pictures.files import MAX_MEGABYTES
        from ..pictures.header import MAX_MEGAPIXELS
        from ..pictures.images import open_picture

        spec = self.spec
        limits = self.max_megapixels or MAX_MEGAPIXELS, self.max_megabytes or MAX_MEGABYTES
        with self.stages.measure("decode"):
            seen = open_picture(data, spec.rules, *limits, spec.size, crop=crop)
        return self._preprocessed(seen)

    def load_parts(self, data: bytes, crops: Sequence[Crop]) -> list[Picture | ImageError]:
        """``load`` of each of ``crops``, or the reason; those of the file's own picture are cut from one decoding."""
        from ..pictures.errors import ImageError
        from ..pictures.header import MAX_MEGAPIXELS
        from ..pictures.images import open_crops

        found: list[Picture | ImageError] = []
        for (_, is_whole), group in groupby(crops, key=lambda crop: (crop.page, crop.is_whole)):
            some = list(group)
            try:
                if is_whole:
                    found += [self.load(data, some[0])] * len(some)
                    continue
                with self.stages.measure("decode"):
                    seen = open_crops(data, self.spec.rules, some, self.max_megapixels or MAX_MEGAPIXELS)
                found += map(self._preprocessed, seen)
            except ImageError as problem:
                found += [problem] * len(some)
        return found

    def _preprocessed(self, seen: Seen) -> Picture:
        from ..pictures.perceptual_hash import appearance
        from .preprocess import resize_and_crop

        with self.stages.measure("preprocess"):
            pixels = resize_and_crop(seen.picture, self.spec)
            return Picture(pixels, seen.width, seen.height, appearance(pixels), seen.met, seen.said)
