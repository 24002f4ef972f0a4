"""The formats that Pillow reads and writes, those of the browsers first; DCX, ICNS and CUR are put together by hand."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .scene import Sample, colour, grey, over, rgb, scaled

_ALPHA = np.tile(np.linspace(0, 255, 64).round().astype(np.uint8), (48, 1))


def write(values: NDArray[Any], kind: str, mode: str | None = None, **options: Any) -> bytes:
    """The file of ``values`` as Pillow writes it, changed to ``mode`` before."""
    picture, stream = Image.fromarray(values), io.BytesIO()
    (picture if mode is None else picture.convert(mode)).save(stream, kind, **options)
    return stream.getvalue()


def _sample(
    name: str, format: str, data: bytes, shown: NDArray[np.uint8], within: float = 1.0, native: bool = False
) -> Sample:
    return Sample(name, format, lambda: data, rgb(shown), within=within, native=native)


def samples() -> Iterator[Sample]:
    """All of them."""
    rgba = np.dstack([colour(), _ALPHA])
    yield _sample("JPEG RGB", "JPEG", write(colour(), "JPEG", quality=98, subsampling=0), colour(), 4, True)
    yield _sample("JPEG grey", "JPEG", write(grey(), "JPEG", quality=98), grey(), 4, True)
    yield _sample("MPO", "JPEG", write(colour(), "MPO", quality=98, subsampling=0), colour(), 4)
    lossless: dict[str, dict[str, Any]] = {
        "WEBP": {"lossless": True, "exact": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }
    for kind in ("PNG", "BMP", "WEBP", "AVIF"):
        options = lossless.get(kind, {})
        yield _sample(f"{kind} RGB", kind, write(colour(), kind, **options), colour(), 2, True)
        if kind != "BMP":
            yield _sample(f"{kind} RGBA", kind, write(rgba, kind, **options), over(colour(), _ALPHA), 2, True)
    yield _sample("PNG 16 bits", "PNG", write(scaled(grey(), 0, 65535, "u2"), "PNG"), grey())
    yield _sample("PNG 12 in 16 bits", "PNG", write(scaled(grey(), 0, 4095, "u2"), "PNG"), grey())
    bit = np.where(grey() > 127, 255, 0).astype(np.uint8)
    for kind in ("PNG", "BMP", "PCX"):
        yield _sample(f"{kind} 1 bit", kind, write(bit, kind, "1"), bit, native=kind != "PCX")
    yield _sample("GIF", "GIF", write(grey(), "GIF"), grey(), native=True)
    for kind in ("JPEG2000", "PPM", "PCX", "TGA", "SGI", "QOI"):
        yield _sample(f"{kind} RGB", kind, write(colour(), kind), colour(), 2)
        if kind != "QOI":
            yield _sample(f"{kind} grey", kind, write(grey(), kind), grey(), 2)
    yield _sample("JPEG2000 16 bits", "JPEG2000", write(scaled(grey(), 0, 65535, "u2"), "JPEG2000"), grey())
    yield _sample("JPEG2000 12 in 16 bits", "JPEG2000", write(scaled(grey(), 0, 4095, "u2"), "JPEG2000"), grey())
    yield _sample("DIB", "BMP", write(colour(), "DIB"), colour())
    yield _sample("PPM 16 bits", "PPM", write(scaled(grey(), 0, 65535, "u2"), "PPM"), grey())
    yield _sample("TGA, run lengths", "TGA", write(colour(), "TGA", compression="tga_rle"), colour())
    for kind in ("TGA", "DDS", "SGI", "QOI"):
        yield _sample(f"{kind} RGBA", kind, write(rgba, kind), over(colour(), _ALPHA))
    yield _sample("ICO RGBA", "ICO", write(rgba, "ICO", sizes=[(64, 48)]), over(colour(), _ALPHA))
    yield _sample("TGA without a footer", "TGA", write(colour(), "TGA")[:-26], colour())
    yield _sample("DDS RGB", "DDS", write(colour(), "DDS"), colour())
    square = colour()[:48, 8:56].repeat(16, 0).repeat(16, 1)[:512, :512]
    yield _sample("ICNS", "ICNS", write(square, "ICNS"), np.asarray(Image.fromarray(square).resize((1024, 1024))), 8)
    page = write(grey(), "PCX")
    yield _sample("DCX", "DCX", struct.pack("<III", 0x3ADE68B1, 12, 0) + page, grey())
    icon = write(rgba, "ICO", sizes=[(64, 48)], bitmap_format="bmp")
    yield _sample("CUR", "CUR", b"\0\0\2\0" + icon[4:], over(colour(), _ALPHA))
    yield _sample("PSD", "PSD", _photoshop(colour()), colour())


def _photoshop(values: NDArray[np.uint8]) -> bytes:
    """A file without layers (Adobe Photoshop File Formats Specification): header, three empty sections, planes."""
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, values.shape[0], values.shape[1], 8, 3)
    return head + bytes(12) + b"\0\0" + np.moveaxis(values, -1, 0).tobytes()
