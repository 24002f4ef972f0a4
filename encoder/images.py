"""Opening a picture that somebody else made: every format Pillow reads, and a reason when it cannot be used."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from .errors import ImageError

MAX_MEGAPIXELS = 178.0  # what Pillow itself warns about at half of; a 20,000 x 20,000 picture is 400
_SRGB = ImageCms.createProfile("sRGB")
# The limit is ours to keep, and of each call, not of the process: Pillow's global one is switched off here once.
Image.MAX_IMAGE_PIXELS = None


def open_image(
    data: bytes, background: tuple[int, int, int] = (255, 255, 255), max_megapixels: float = MAX_MEGAPIXELS
) -> Image.Image:
    """Decode ``data`` to RGB: first frame, turned as EXIF says, colours to sRGB, transparency onto ``background``.

    Raises ImageError with the reason: empty, not an image, too large (told from the header, before decoding), truncated.
    """
    if not data:
        raise ImageError("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd EXIF and ICC blocks warn; the picture is what counts
            picture = Image.open(io.BytesIO(data))
            width, height = picture.size
            if width * height > max_megapixels * 1e6:
                megapixels = width * height / 1e6
                raise ImageError(
                    f"too large: {width} x {height} is {megapixels:.0f} megapixels, the limit is {max_megapixels:g} "
                    "(--max-megapixels)"
                )
            picture.load()
            return _to_rgb(ImageOps.exif_transpose(picture), background)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError("not an image that Pillow can read") from None
    except MemoryError:
        raise ImageError("too large to decode in memory") from None
    except (
        Exception
    ) as problem:  # Pillow's plugins raise what they like on broken files: OSError, SyntaxError, struct.error
        reason = str(problem) or type(problem).__name__
        word = "truncated" if "truncated" in reason or "broken" in reason.lower() else "cannot be decoded"
        raise ImageError(f"{word}: {' '.join(reason.split())[:120]}") from None


def _to_rgb(picture: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return _from_deep_grey(picture)
    if profile := picture.info.get("icc_profile"):
        picture = _to_srgb(picture, profile)
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        canvas = Image.new("RGB", layered.size, background)
        canvas.paste(layered, mask=layered.getchannel("A"))
        return canvas
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _from_deep_grey(picture: Image.Image) -> Image.Image:
    """16-bit and float greys: by their type's range where they use it, else by their own (Pillow would just cut at 255)."""
    import numpy as np

    values = np.asarray(picture).astype(np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if picture.mode == "F" or low < 0 or high > 65535:
        span = (low, high if high > low else low + 1)
    else:
        span = (0.0, 65535.0 if high > 255 else 255.0)
    grey = ((values - span[0]) / (span[1] - span[0]) * 255).round().astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Colours by the picture's own profile; a broken or unfit profile is as good as none."""
    if picture.mode not in ("RGB", "CMYK", "L"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return picture
        turned = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return turned if turned is not None else picture
