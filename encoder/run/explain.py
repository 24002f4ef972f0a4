"""Where in a picture a text is found: the cosine of every patch with the words, and a heat map of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..pictures.crop import Crop
from .clip import ClipEncoder

SIDE = 384  # pixels of each half of a heat picture
GAP = 8
# RGB at even steps, from dark to light, so that it can be read in grey too.
_RAMP = np.array([(20, 11, 52), (96, 19, 110), (190, 55, 82), (245, 125, 21), (252, 230, 110)], np.float32)


@dataclass(frozen=True, eq=False)
class Explanation:
    """``grid``: (G, G) float32, each patch's cosine with the text. ``cosine``: the whole picture's, what search ranks by.

    ``seen``: (S, S, 3) uint8, the part of the picture that the model sees; the grid lies over it.
    """

    grid: NDArray[np.float32]
    cosine: float
    seen: NDArray[np.uint8]

    def heat(self) -> Image.Image:
        """What the model sees, and beside it the same under its heat (``over``)."""
        plain = Image.fromarray(self.seen).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        both = Image.new("RGB", (2 * SIDE + GAP, SIDE), "white")
        both.paste(plain, (0, 0))
        both.paste(self.over(), (SIDE + GAP, 0))
        return both

    def over(self) -> Image.Image:
        """What the model sees under its heat: dark where it is least like the text, bright where most.

        Colours are stretched over this picture's own range, so two pictures' heats cannot be compared; cosines can.
        """
        plain = Image.fromarray(self.seen).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        low, high = float(self.grid.min()), float(self.grid.max())
        level = (self.grid - low) / (high - low) if high - low > 1e-6 else np.zeros_like(self.grid)
        smooth = Image.fromarray(level.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        place = np.asarray(smooth, np.float32) * (len(_RAMP) - 1)
        below = np.clip(place.astype(np.intp), 0, len(_RAMP) - 2)
        share = (place - below)[..., None]
        colours = _RAMP[below] * (1 - share) + _RAMP[below + 1] * share
        grey = np.asarray(plain.convert("L"), np.float32)[..., None]
        return Image.fromarray((0.6 * colours + 0.4 * grey).clip(0, 255).astype(np.uint8))


def explain(encoder: ClipEncoder, data: bytes, text: str, crop: Crop | None = None) -> Explanation:
    """Compare each patch of the picture in ``data`` (a file's bytes), or of ``crop`` of it, with ``text``.

    Raises ImageError for what is no picture, BundleError where the bundle was exported without its patches.
    """
    picture = encoder.load_picture(data, crop)
    patches = encoder.encode_patches([picture])[0]  # (G, G, D)
    words = encoder.encode_texts([text])[0]
    return Explanation(patches @ words, float(encoder.encode_pictures([picture])[0] @ words), picture.pixels)
