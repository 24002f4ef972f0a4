"""What Pillow decodes to 8 bits, the plain way that most pictures go: colours to sRGB, transparency onto the background."""

from __future__ import annotations

from PIL import Image

from ..pixels.colour import to_srgb
from ..pixels.curves import Curves
from ..pixels.painted import Painted
from ..pixels.transparency import onto, share_through

_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
_COLOURS = ("RGB", "L", "CMYK", "LAB")
#: By how much Pillow multiplies greys of few bits, but not the one that is transparent.
_STEPS = {2: 85, 4: 17}


def flat(picture: Image.Image, data: bytes, background: tuple[int, int, int], curves: Curves | None) -> Painted:
    """What a decoded ``picture`` of 8 bits or fewer shows."""
    met, facts = set[str](), list[str]()
    profile = picture.info.get("icc_profile")
    opaque: Image.Image | None = None
    through: float | None = None
    if picture.mode in ("P", "PA"):
        facts.append("palette: its colours stand in a table")
    transparent = picture.mode in _ALPHA or "transparency" in picture.info
    if transparent:
        met.add("transparency")
        _scale_key(picture, data, met)
        grey = picture.mode in ("LA", "La") or (picture.mode == "L" and profile is not None)
        rgba = picture.convert("RGBA")
        opaque = rgba.getchannel("A")
        picture = rgba.convert("RGB")
        if grey:
            picture = picture.getchannel("R")
        if opaque.getextrema() == (255, 255):
            opaque = None
        else:
            through = share_through(opaque)
    elif picture.mode not in _COLOURS:
        picture = picture.convert("RGB")
    shown, fact = to_srgb(picture, profile, curves)
    if fact:
        met.add("colour")
        facts.append(f"colour: {fact}")
    return Painted(onto(shown, opaque, background), frozenset(met), tuple(facts), through)


def _scale_key(picture: Image.Image, data: bytes, met: set[str]) -> None:
    """The transparent grey of a PNG of 2 or 4 bits, as its greys are stored by Pillow."""
    key = picture.info.get("transparency")
    if picture.format == "PNG" and picture.mode == "L" and isinstance(key, int) and data[24] in _STEPS:
        met.add("transparency.key")
        picture.info["transparency"] = key * _STEPS[data[24]]
