"""The limit of a picture's pixels, said alike by every reader."""

from __future__ import annotations

from .errors import ImageError


def check_pixels(width: int, height: int, max_megapixels: float) -> None:
    """Raise ImageError where a picture has no pixels, or more than ``max_megapixels`` (10^6)."""
    if width < 1 or height < 1:
        raise ImageError(f"a picture of {width} x {height} pixels")
    if width * height > max_megapixels * 1e6:
        megapixels = width * height / 1e6
        raise ImageError(
            f"too large: {width} x {height} has {megapixels:.4g} megapixels, the limit is {max_megapixels:g} (--max-megapixels)"
        )
