"""Opening pictures of unknown origin: the common formats, within limits, and a reason when one cannot be used."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from .crop import Crop
from .errors import ImageError
from .header import MAX_MEGAPIXELS, opened

MAX_MEGABYTES = 256.0  # of the file, in 10^6 bytes
_REDUCIBLE = ("JPEG", "MPO")
_SRGB = ImageCms.createProfile("sRGB")
#: A JPEG's bytes, the least edge that both sides must keep, and Pillow's mode, RGB or L -> (H, W, 3) or (H, W) uint8.
Decoder: TypeAlias = Callable[[bytes, int, str], NDArray[np.uint8]]
Decoded = TypeVar("Decoded")

_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")


def read_picture(path: Path, decode: Callable[[bytes], Decoded]) -> Decoded | str:
    """``decode`` of the file's bytes, or the reason in one line: the file's own (no such file), or ``decode``'s (truncated)."""
    try:
        if path.exists() and not path.is_file():
            return "not a file"  # reading a pipe would wait for its writer
        return decode(path.read_bytes())
    except (OSError, ValueError) as problem:
        return getattr(problem, "strerror", None) or str(problem)


def open_image(
    data: bytes,
    background: tuple[int, int, int] = (255, 255, 255),
    max_megapixels: float = MAX_MEGAPIXELS,
    max_megabytes: float = MAX_MEGABYTES,
    crop: Crop | None = None,
) -> Image.Image:
    """Decode ``data`` to RGB: first frame, turned as EXIF says, colours to sRGB, transparency onto ``background``; then take
    ``crop`` of it.

    Thread-safe. Raises ImageError with the reason: empty, not an image, too large (found before decoding), truncated, a crop that
    is not inside the picture.
    """
    return open_reduced(data, background, max_megapixels, max_megabytes, None, crop=crop)[0]


def open_reduced(
    data: bytes,
    background: tuple[int, int, int],
    max_megapixels: float,
    max_megabytes: float,
    edge: int | None,
    decoder: Decoder | None = None,
    *,
    crop: Crop | None = None,
) -> tuple[Image.Image, tuple[int, int]]:
    """``open_image``, and the full width and height of the picture as it is seen, or of the crop.

    A JPEG is decoded at a half, a quarter or an eighth of its size, as long as both its sides keep ``edge`` pixels, by ``decoder``
    where there is one. A picture that is cropped is decoded whole, for the crop is to keep its own pixels.
    """
    if not data:
        raise ImageError("empty file (0 bytes)")
    if len(data) > max_megabytes * 1e6:
        raise ImageError(
            f"too large: the file has {len(data) / 1e6:.0f} MB, the limit is {max_megabytes:g} (--max-megabytes)"
        )
    with opened(io.BytesIO(data), max_megapixels) as picture:
        width, height = picture.size
        decoded = picture if edge is None or crop is not None else _reduced(picture, data, edge, decoder)
        decoded.load()
        upright = decoded.size
        with contextlib.suppress(Exception):  # a broken EXIF block is as good as none
            ImageOps.exif_transpose(decoded, in_place=True)
        full = (width, height) if decoded.size == upright else (height, width)
        seen = _to_rgb(decoded, background)
        if crop is None:
            return seen, full
        cut = seen.crop(crop.box(*seen.size))
        return cut, cut.size


def _reduced(picture: Image.Image, data: bytes, edge: int, decoder: Decoder | None) -> Image.Image:
    """``picture``, opened but not decoded, set to be decoded at a fraction of its size; or already decoded by ``decoder``."""
    if decoder is not None and picture.format == "JPEG" and picture.mode in ("RGB", "L"):
        with contextlib.suppress(Exception):  # what it cannot do, Pillow does, or says why
            decoded = Image.fromarray(decoder(data, edge, picture.mode))
            decoded.info = picture.info  # EXIF and profile
            return decoded
    if picture.format in _REDUCIBLE:
        picture.draft(picture.mode, (edge, edge))
    return picture


def _to_rgb(picture: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _from_deep_grey(picture)
    if picture.mode == "LAB":
        return _convert(picture, ImageCms.createProfile("LAB"), "RGB")
    transparent = picture.mode in _ALPHA or "transparency" in picture.info
    profile = picture.info.get("icc_profile")
    if transparent:
        picture = picture.convert("RGBA")
    elif picture.mode not in ("RGB", "CMYK", "L"):
        picture = picture.convert("RGB")
    if profile:
        picture = _to_srgb(picture, profile)
    if transparent:
        canvas = Image.new("RGB", picture.size, background)
        canvas.paste(picture, mask=picture.getchannel("A"))
        return canvas
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _from_deep_grey(picture: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float greys, which Pillow would just cut at 255.

    Whole numbers are scaled by the bit depth that they use (8, 10, 12, 14, 16: scanners and medical devices put 12 bits
    into 16), anything else by its own range.
    """
    values = np.nan_to_num(np.asarray(picture).astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    depths = [top for top in (255.0, 1023.0, 4095.0, 16383.0, 65535.0) if high <= top]
    if picture.mode == "F" or low < 0 or not depths:
        bottom, top = low, max(high, low + 1e-6)
    else:
        bottom, top = 0.0, depths[0]
    grey = ((values - bottom) / (top - bottom) * 255).round().astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Colours by the picture's own profile; a broken or unfit profile is as good as none."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return picture
        return _convert(picture, source, "RGBA" if picture.mode == "RGBA" else "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture


def _convert(picture: Image.Image, source: Any, mode: str) -> Image.Image:
    converted = ImageCms.profileToProfile(picture, source, _SRGB, outputMode=mode)
    if converted is None:  # only when working in place
        raise ValueError("no picture came back")
    return converted
