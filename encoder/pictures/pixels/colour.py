"""Colours to sRGB: by an ICC profile's curves, whatever its name, else by curves that the format gives, CMYK and Lab among them."""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from .curves import Curves

_SRGB = ImageCms.createProfile("sRGB")
#: A profile that moves no colour by more than this, of 255, is sRGB, and pixels stay as they are.
SAME = 2
_GRID = 17  # steps of each colour that are looked at
_BLOCK = 1 << 20  # values curved at once
_AS_BROWSERS = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FAILURES = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def to_srgb(picture: Image.Image, profile: bytes | None, curves: Curves | None = None) -> tuple[Image.Image, str]:
    """An RGB picture of one in mode L, RGB, CMYK or LAB, and what decided its colours, in words; "" where nothing did but sRGB.

    A broken profile, or one of another colour space, is as good as none.
    """
    if picture.mode == "LAB":
        return _through(picture, ImageCms.createProfile("LAB")), "Lab"
    if profile:
        found = _by_profile(picture, profile)
        if found is not None:
            return found
    if picture.mode != "CMYK" and curves is not None and not curves.plain:
        values = np.atleast_3d(np.asarray(picture))
        return Image.fromarray(curved(values, 0.0, 255.0, curves)), described(curves)
    if picture.mode == "CMYK":
        return picture.convert("RGB"), "CMYK without a profile"
    return (picture if picture.mode == "RGB" else picture.convert("RGB")), ""


def curved(values: NDArray[Any], low: float, high: float, curves: Curves) -> NDArray[np.uint8]:
    """(H, W, 1 or 3) of any number type, ``low`` black and ``high`` full, to sRGB (H, W, 3) uint8."""
    shape = values.shape[:2]
    out = np.empty((*shape, 3), np.uint8)
    own = curves if values.shape[2] == 3 else Curves(curves.gamma, curves.transfer)  # a grey has no primaries
    step = max(1, _BLOCK // max(1, values[:1].size))
    for start in range(0, shape[0], step):
        part = np.nan_to_num((values[start : start + step].astype(np.float64) - low) / (high - low))
        out[start : start + step] = (own.to_srgb(part) * 255).round().clip(0, 255).astype(np.uint8)
    return out


def described(curves: Curves) -> str:
    """In words, for people."""
    if curves.gamma is not None:
        return f"gamma {curves.gamma:.3g}" + (" and primaries" if curves.primaries else "")
    return f"cICP transfer {curves.transfer}"


def lab_picture(values: NDArray[Any]) -> Image.Image:
    """(H, W, 3) floats, L* 0..100 and a*, b* -128..127, as Pillow's LAB."""
    stored = np.empty(values.shape, np.uint8)
    stored[..., 0] = (values[..., 0] * 2.55).round().clip(0, 255)
    stored[..., 1:] = values[..., 1:].round().clip(-128, 127).astype(np.int8).view(np.uint8)
    return Image.frombytes("LAB", (values.shape[1], values.shape[0]), stored.tobytes())


def _by_profile(picture: Image.Image, profile: bytes) -> tuple[Image.Image, str] | None:
    """None where the profile is none for this picture."""
    try:
        transform, same, name = _transform(profile, picture.mode)
        if same:
            return (picture if picture.mode == "RGB" else picture.convert("RGB")), ""
        if transform is not None:
            return _applied(picture, transform), f"profile {name}"
        # Greys under a profile of colours: as browsers show them.
        transform, same, name = _transform(profile, "RGB") if picture.mode == "L" else (None, False, "")
        if same:
            return picture.convert("RGB"), ""
        return None if transform is None else (_applied(picture.convert("RGB"), transform), f"profile {name}")
    except _FAILURES:
        return None


@functools.lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> tuple[Any, bool, str]:
    """The transform to sRGB, or None for a profile that does not fit; whether it changes nothing; its name."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB", _AS_BROWSERS)
        name = " ".join(ImageCms.getProfileDescription(source).split())[:60]
        if mode == "CMYK":
            return transform, False, name
        probe = _probe(mode)
        moved = np.asarray(_applied(probe, transform), np.int16) - np.asarray(probe.convert("RGB"), np.int16)
        return transform, bool(np.abs(moved).max() <= SAME), name
    except _FAILURES:
        return None, False, ""


def _probe(mode: str) -> Image.Image:
    """Every grey, and a grid of colours."""
    greys = np.arange(256, dtype=np.uint8)[None]
    if mode == "L":
        return Image.fromarray(greys)
    steps = np.linspace(0, 255, _GRID).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3)
    return Image.fromarray(np.concatenate([np.repeat(greys[0, :, None], 3, 1), grid])[None])


def _applied(picture: Image.Image, transform: Any) -> Image.Image:
    converted = ImageCms.applyTransform(picture, transform)
    if converted is None:  # only when working in place
        raise ValueError("no picture came back")
    return converted


def _through(picture: Image.Image, source: Any) -> Image.Image:
    return _applied(picture, ImageCms.buildTransform(source, _SRGB, picture.mode, "RGB"))
