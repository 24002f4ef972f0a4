"""What a PNG says of its colours without an ICC profile, by the standard's order: cICP, then iCCP, sRGB, and gAMA with cHRM."""

from __future__ import annotations

from PIL import Image

from ..pixels.curves import PRIMARIES, Curves, Primaries
from .png_chunks import chunks

_NEAR = 0.005


def png_curves(picture: Image.Image, data: bytes) -> Curves | None:
    """None where it says nothing, or sRGB. Where cICP is there, the profile of ``picture`` is taken away: cICP stands above it."""
    if picture.format != "PNG":
        return None
    for name, at, length in chunks(data):
        if name == b"IDAT":
            break
        if name == b"cICP" and length == 4:
            primaries, transfer = PRIMARIES.get(data[at]), data[at + 1]
            found = Curves(transfer=transfer, primaries=primaries)
            if primaries is not None and found.known and data[at + 2] == 0:
                picture.info.pop("icc_profile", None)
                return found
    if "icc_profile" in picture.info or "srgb" in picture.info:
        return None
    gamma = picture.info.get("gamma")
    if not gamma:
        return None
    primaries = _primaries(picture)
    # 1 / 2.2 is how sRGB is written where there is no word for it.
    if abs(gamma - 1 / 2.2) <= _NEAR and Curves(primaries=primaries).plain:
        return None
    found = Curves(1 / gamma, primaries=primaries)
    return None if found.plain else found


def _primaries(picture: Image.Image) -> Primaries | None:
    """Of cHRM: white, red, green, blue in the file."""
    found = picture.info.get("chromaticity")
    if not found or len(found) != 8:
        return None
    values = [float(number) for number in found]
    if min(values[1::2]) <= 0 or abs(_area(values[2:])) < 1e-3:
        return None
    white, red, green, blue = values[:2], values[2:4], values[4:6], values[6:]
    return (red[0], red[1], green[0], green[1], blue[0], blue[1], white[0], white[1])


def _area(corners: list[float]) -> float:
    """Of the triangle of three points: colours on a line are no primaries."""
    (ax, ay), (bx, by), (cx, cy) = corners[:2], corners[2:4], corners[4:6]
    return ((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
