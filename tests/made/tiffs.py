"""TIFF files of every depth, layout and codec."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import tifffile
from clipseek.encoder.pictures.rules import Rules
from numpy.typing import NDArray

from .scene import Sample, colour, grey, over, rgb, scaled

#: dtype, and the values that become black and white: by the bits in use, or by the values' own range.
DEPTHS = {
    "uint8": ("u1", 0, 255),
    "10 in 16": ("u2", 0, 1023),
    "12 in 16": ("u2", 0, 4095),
    "14 in 16": ("u2", 0, 16383),
    "uint16": ("u2", 0, 65535),
    "uint32": ("u4", 70_000, 4_000_000_000),
    "uint64": ("u8", 100_000, 2**40),
    "int8": ("i1", -100, 120),
    "int16": ("i2", -1000, 3000),
    "int32": ("i4", -70_000, 90_000),
    "float16": ("f2", -2, 6),
    "float32": ("f4", 100, 900),
    "float64": ("f8", -0.001, 0.002),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {"rowsperstrip": 7},
    "tiles": {"tile": (16, 32)},
    "BigTIFF": {"bigtiff": True},
    "big-endian": {"byteorder": ">"},
}
CODECS: dict[str, dict[str, Any]] = {
    "LZW": {"compression": "lzw"},
    "LZW, predictor": {"compression": "lzw", "predictor": True},
    "deflate": {"compression": "zlib"},
    "deflate, predictor": {"compression": "zlib", "predictor": True},
    "ZSTD": {"compression": "zstd"},
    "LZMA": {"compression": "lzma"},
    "LERC": {"compression": "lerc"},
    "PackBits": {"compression": "packbits"},
}


def write(values: NDArray[Any], **options: Any) -> bytes:
    """The file of ``values`` as tifffile writes it."""
    stream = io.BytesIO()
    options.setdefault("photometric", "rgb" if values.ndim == 3 and values.shape[-1] in (3, 4) else "minisblack")
    tifffile.imwrite(stream, values, metadata=None, **options)
    return stream.getvalue()


def _sample(name: str, values: NDArray[Any], shown: NDArray[np.uint8], **options: Any) -> Sample:
    rules = options.pop("rules", Rules())
    within = options.pop("within", 1.0)
    return Sample(f"TIFF {name}", "TIFF", lambda: write(values, **options), rgb(shown), rules, within)


def samples() -> Iterator[Sample]:
    """All of them."""
    for depth, (kind, low, high) in DEPTHS.items():
        for layout, options in LAYOUTS.items():
            yield _sample(f"grey {depth}, {layout}", scaled(grey(), low, high, kind), grey(), **options)
            yield _sample(f"RGB {depth}, {layout}", scaled(colour(), low, high, kind), colour(), **options)
        planes = np.moveaxis(scaled(colour(), low, high, kind), -1, 0)
        yield _sample(f"RGB {depth}, planes", planes, colour(), planarconfig="separate", photometric="rgb")
        white = scaled(255 - grey(), low, high, kind)
        yield _sample(f"MINISWHITE {depth}", white, grey(), photometric="miniswhite")
    yield from _codecs()
    yield from _bands()
    yield from _others()


def _codecs() -> Iterator[Sample]:
    for codec, options in CODECS.items():
        for depth in ("uint8", "12 in 16", "int16", "float32", "float64"):
            kind, low, high = DEPTHS[depth]
            if codec == "LERC" and kind == "f8":
                continue
            yield _sample(f"RGB {depth}, {codec}", scaled(colour(), low, high, kind), colour(), **options)
            yield _sample(
                f"grey {depth}, {codec}, tiles", scaled(grey(), low, high, kind), grey(), tile=(16, 16), **options
            )
    for codec in ("jpeg", "webp", "jpegxl", "jpeg2000", "png"):
        yield _sample(f"RGB uint8, {codec}", colour(), colour(), compression=codec, within=6)
        yield _sample(f"RGB uint8, {codec}, tiles", colour(), colour(), compression=codec, tile=(32, 32), within=6)


def _bands() -> Iterator[Sample]:
    far = np.stack([grey()[::-1], *np.moveaxis(colour(), -1, 0), grey().T[:48, :48].repeat(2, 1)[:, :64]], axis=0)
    for depth in ("uint8", "12 in 16", "float32"):
        kind, low, high = DEPTHS[depth]
        values = scaled(far, low, high, kind)
        rules = Rules(bands=(2, 3, 4))
        yield _sample(f"5 bands {depth}, planes", values, colour(), planarconfig="separate", rules=rules)
        mixed = np.ascontiguousarray(np.moveaxis(values, 0, -1))
        yield _sample(
            f"5 bands {depth}, mixed", mixed, colour(), planarconfig="contig", rules=rules, extrasamples=[0] * 4
        )
        yield _sample(f"band 1 of 5, {depth}", values, grey()[::-1], planarconfig="separate", rules=Rules(bands=(1,)))
        near = np.ascontiguousarray(values[1:])
        yield _sample(f"RGB and infrared {depth}", np.moveaxis(near, 0, -1).copy(), colour(), extrasamples=[0])


def _others() -> Iterator[Sample]:
    alpha = np.tile(np.linspace(0, 255, 64).round().astype(np.uint8), (48, 1))[:, ::-1]
    for kind, top in (("u1", 255), ("u2", 65535)):
        values = scaled(np.dstack([colour(), alpha]), 0, top, kind)
        yield _sample(f"RGBA {kind}", values, over(colour(), alpha), extrasamples=["unassalpha"])
        shares = scaled((colour() * (alpha[..., None] / 255)).round().astype(np.uint8), 0, top, kind)
        premultiplied = np.dstack([shares, values[..., 3]])
        yield _sample(f"RGBa {kind}", premultiplied, over(colour(), alpha), extrasamples=["assocalpha"])
    table = np.stack([np.arange(256), 255 - np.arange(256), np.full(256, 40)]).astype(np.uint16) * 257
    shown = np.stack([grey(), 255 - grey(), np.full_like(grey(), 40)], axis=-1)
    yield _sample("palette", grey(), shown, photometric="palette", colormap=table)
    yield _sample("1 bit", grey() > 127, np.where(grey() > 127, 255, 0).astype(np.uint8))
    nodata = scaled(grey(), 100, 900, "f4")
    nodata[:, :6] = -3.4028235e38
    framed = grey().copy()
    framed[:, :6] = 255
    tag = (42113, "s", 0, "-3.4028235e+38", True)
    yield _sample("float32, GDAL no-data", nodata, framed, extratags=[tag], within=2)
    yield _sample("JPEG 12 bits", scaled(grey(), 0, 4095, "u2"), grey(), compression="jpeg", bitspersample=12, within=6)
    yield Sample("TIFF pages, the first a thumbnail", "TIFF", _thumbnail_first, colour())


def _thumbnail_first() -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as file:
        file.write(np.full((12, 16, 3), (255, 0, 0), np.uint8), photometric="rgb", subfiletype=1, metadata=None)
        file.write(colour(), photometric="rgb", metadata=None)
    return stream.getvalue()
