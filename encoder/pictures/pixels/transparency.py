"""What shows through: alpha, one transparent colour, and pixels that stand for nothing, all onto the background."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def onto(picture: Image.Image, opaque: Image.Image | None, background: tuple[int, int, int]) -> Image.Image:
    """RGB ``picture``, its colours not premultiplied, over ``background``, as much of it as ``opaque`` (L, 255: all) says."""
    if opaque is None:
        return picture
    canvas = Image.new("RGB", picture.size, background)
    canvas.paste(picture, mask=opaque)
    return canvas


def share_through(opaque: Image.Image) -> float:
    """How much of the picture shows the background, 0 to 1."""
    counts = opaque.histogram()
    return sum(number * (255 - level) for level, number in enumerate(counts)) / 255 / max(1, sum(counts))


def transparent_fact(through: float) -> str:
    """A ``share_through``, for people."""
    return f"transparent: {through:.0%} of it shows the background"


def keyed(values: NDArray[Any], colour: tuple[float, ...]) -> NDArray[np.bool_]:
    """(H, W) bool: where (H, W, C) ``values`` have the one colour that is transparent."""
    return np.asarray((values == np.asarray(colour)).all(2))


def straight(colours: NDArray[Any], alpha: NDArray[Any], full: float) -> NDArray[Any]:
    """(H, W, C) premultiplied colours over their alpha (H, W), of which ``full`` is all; what is wholly transparent stays."""
    share = np.where(alpha > 0, alpha.astype(np.float64) / full, 1.0)[..., None]
    divided = np.minimum(colours / share, full)
    return divided if colours.dtype.kind == "f" else divided.round().astype(colours.dtype)


def opacity(shape: tuple[int, int], parts: list[NDArray[Any]]) -> Image.Image | None:
    """(H, W) parts, bool (True is opaque) or uint8, as one L picture; None where all of it is opaque."""
    least = np.full(shape, 255, np.uint8)
    for part in parts:
        least = np.minimum(least, part.astype(np.uint8) * np.uint8(255) if part.dtype == np.bool_ else part)
    return Image.fromarray(least) if (least < 255).any() else None
