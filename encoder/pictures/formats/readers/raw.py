"""Camera RAW by rawpy (LibRaw): the full JPEG that the camera put into the file, or the sensor's values developed."""

from __future__ import annotations

import io

import numpy as np
import rawpy
from PIL import Image

from ...errors import ImageError
from ...limits import check_pixels
from ...pixels.decoded import Decoded
from ..asked import Asked

#: The embedded JPEG is taken from this share of the sensor's longer side on: it is what the camera showed.
SHARE = 0.5
_TURNS = {0: 1, 3: 3, 5: 8, 6: 6}  # LibRaw's flip to EXIF's orientation


def read(data: bytes, asked: Asked) -> Decoded:
    """In sRGB, 8 bits."""
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            sizes = raw.sizes
            check_pixels(sizes.width, sizes.height, asked.max_megapixels)
            shown = _embedded(raw, max(sizes.width, sizes.height), asked.max_megapixels)
            if shown is not None:
                return shown
            values = raw.postprocess(use_camera_wb=True, output_bps=8)
    except rawpy.LibRawError as problem:
        raise ImageError(f"LibRaw refuses it: {_text(problem)}") from None
    return Decoded(
        values if values.ndim == 3 else values[..., None],
        "rgb" if values.ndim == 3 and values.shape[2] == 3 else "grey",
        bits=8,
        format="RAW",
        met=frozenset({"format.raw"}),
        facts=("developed with the camera's white balance",),
    )


def _embedded(raw: rawpy.RawPy, longest: int, max_megapixels: float) -> Decoded | None:
    try:
        found = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if found.format != rawpy.ThumbFormat.JPEG:
        return None
    with Image.open(io.BytesIO(bytes(found.data)), formats=["JPEG"]) as picture:
        if max(picture.size) < SHARE * longest:
            return None
        check_pixels(*picture.size, max_megapixels)
        own = picture.getexif().get(0x0112, 1)
        profile = picture.info.get("icc_profile")
        values = np.asarray(picture.convert("RGB"))
    return Decoded(
        values,
        "rgb",
        bits=8,
        profile=profile,
        # Of a JPEG that the camera has turned already, LibRaw still says how the sensor was held.
        orientation=own if own in range(2, 9) else _turn(raw, values),
        format="RAW",
        met=frozenset({"format.raw"}),
        facts=(f"the embedded JPEG, {values.shape[1]} x {values.shape[0]}",),
    )


def _turn(raw: rawpy.RawPy, values: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    sizes = raw.sizes
    lies = (values.shape[1] >= values.shape[0]) == (sizes.raw_width >= sizes.raw_height)
    return _TURNS.get(sizes.flip, 1) if lies else 1


def _text(problem: Exception) -> str:
    text = problem.args[0] if problem.args else problem
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
