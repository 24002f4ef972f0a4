"""HEIC, JPEG XL, RAW, NIfTI, SVG and PDF."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import nibabel
import numpy as np
import tifffile
from clipseek.encoder.pictures.rules import Rules
from numpy.typing import NDArray
from PIL import Image

from .scene import Sample, colour, grey, over, rgb, scaled

_FIXTURES = Path(__file__).parent.parent / "fixtures" / "pictures"


def samples() -> Iterator[Sample]:
    """All of them."""
    yield from _heif()
    yield from _jpeg_xl()
    yield from _nifti()
    yield from _drawn()
    yield from _raw()


def quarters() -> NDArray[np.uint8]:
    """(48, 64, 3): red, green, blue and white fields, as in the fixtures, for no library at hand writes HEIC."""
    values = np.zeros((48, 64, 3), np.uint8)
    values[:24, :32], values[:24, 32:] = (255, 0, 0), (0, 255, 0)
    values[24:, :32], values[24:, 32:] = (0, 0, 255), (255, 255, 255)
    return values


def crashing() -> bytes:
    """A HEIC with an item whose type is no UTF-8, of which pi-heif 1.4 makes a null pointer and reads there."""
    data = (_FIXTURES / "quarters.heic").read_bytes()
    at = data.index(b"Exif", data.index(b"iinf"))
    return data[:at] + b"E\xeaif" + data[at + 4 :]


def _heif() -> Iterator[Sample]:
    see_through = quarters()
    see_through[24:, :32] = 255
    for name, shown in (("quarters", quarters()), ("quarters-10-bits", quarters()), ("quarters-alpha", see_through)):
        yield Sample(f"HEIF {name}", "HEIF", (_FIXTURES / f"{name}.heic").read_bytes, shown, within=2)


def _jpeg_xl() -> Iterator[Sample]:
    alpha = np.tile(np.linspace(0, 255, 64).round().astype(np.uint8), (48, 1))
    for name, values, shown in (
        ("grey", grey(), rgb(grey())),
        ("RGB", colour(), colour()),
        ("RGB 16 bits", scaled(colour(), 0, 65535, "u2"), colour()),
        ("RGB floats", scaled(colour(), 0, 1, "f4"), colour()),
        ("RGBA", np.dstack([colour(), alpha]), over(colour(), alpha)),
    ):
        for container in (False, True):
            made = imagecodecs.jpegxl_encode(values, lossless=True, usecontainer=container)
            kind = "container" if container else "stream"
            yield Sample(f"JPEG XL {name}, {kind}", "JPEG XL", partial(bytes, made), shown, within=2)


def _nifti() -> Iterator[Sample]:
    # As nibabel's axes: right to left is x turned round, front is the upper edge.
    upright = grey()[::-1, ::-1].T

    def volume(slices: NDArray[Any], maker: Any = nibabel.Nifti1Image, affine: Any = None) -> bytes:
        made: bytes = maker(slices, np.eye(4) if affine is None else affine).to_bytes()
        return made

    for kind, low, high in (
        ("u1", 0, 255),
        ("i2", -1000, 3000),
        ("u2", 0, 4095),
        ("f4", -1, 5),
        ("i4", -70_000, 80_000),
    ):
        others = scaled(upright // 2, low, high, kind)
        slices = np.stack([others, others, scaled(upright, low, high, kind), others, others], axis=-1)
        for name, maker in (("NIfTI-1", nibabel.Nifti1Image), ("NIfTI-2", nibabel.Nifti2Image)):
            yield Sample(f"{name} {kind}", "NIfTI", partial(volume, slices, maker), rgb(grey()))
    deep = np.stack([scaled(upright, -1000, 3000, "i2")] * 3, axis=-1)
    holed = np.stack([scaled(upright, -1, 5, "f4")] * 3, axis=-1)
    holed[upright == 0] = np.nan
    yield Sample("NIfTI, not-a-number is black", "NIfTI", lambda: volume(holed), rgb(grey()), within=4)
    yield Sample("NIfTI, gzip", "NIfTI", lambda: gzip.compress(volume(deep)), rgb(grey()))
    turned = np.diag([-1.0, 1, 1, 1])
    yield Sample("NIfTI, left-handed", "NIfTI", lambda: volume(deep[::-1], affine=turned), rgb(grey()))
    yield Sample("NIfTI, one slice", "NIfTI", lambda: volume(deep[..., :1]), rgb(grey()))
    first = np.stack([scaled(upright, -1000, 3000, "i2"), np.zeros((64, 48), "i2"), np.zeros((64, 48), "i2")], axis=-1)
    yield Sample("NIfTI, the first slice", "NIfTI", lambda: volume(first), rgb(grey()), Rules(frame="first"))


_DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48">
<rect width="32" height="24" fill="#f00"/><rect x="32" width="32" height="24" fill="#0f0"/>
<rect y="24" width="32" height="24" fill="#00f"/></svg>"""


def _drawn() -> Iterator[Sample]:
    large = quarters().repeat(16, 0).repeat(16, 1)
    yield Sample("SVG", "SVG", _DRAWING.encode, large)
    yield Sample("SVG, gzip", "SVG", lambda: gzip.compress(_DRAWING.encode()), large)
    yield Sample("SVG, UTF-16", "SVG", lambda: _DRAWING.encode("utf-16"), large)

    def document() -> bytes:
        stream = io.BytesIO()
        first, second = Image.fromarray(quarters().repeat(8, 0).repeat(8, 1)), Image.new("RGB", (512, 384))
        first.save(stream, "PDF", save_all=True, append_images=[second], resolution=72)
        return stream.getvalue()

    yield Sample("PDF of two pages", "PDF", document, large, within=4)


_XYZ_TO_SENSOR = tuple(
    number
    for ratio in (3.13, -1.62, -0.49, -0.98, 1.88, 0.04, 0.07, -0.23, 1.41)
    for number in (round(ratio * 10_000), 10_000)
)


def _raw() -> Iterator[Sample]:
    """A DNG of a sensor that saw the quarters, red, green and blue filters."""
    filters = np.array([[0, 1], [1, 2]])
    scene = quarters().repeat(4, 0).repeat(4, 1).astype(np.uint16) * 64
    mosaic = np.empty(scene.shape[:2], np.uint16)
    for row in (0, 1):
        for column in (0, 1):
            mosaic[row::2, column::2] = scene[row::2, column::2, filters[row, column]]
    tags = [
        (50706, "B", 4, (1, 4, 0, 0), True),
        (50708, "s", 0, "clipseek test", True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, (0, 1, 1, 2), True),
        (50717, "H", 1, 255 * 64, True),
        (50721, "2i", 9, _XYZ_TO_SENSOR, True),
        (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),
        (50778, "H", 1, 21, True),
    ]

    def negative() -> bytes:
        stream = io.BytesIO()
        tifffile.imwrite(stream, mosaic, photometric="cfa", extratags=tags, metadata=None)
        return stream.getvalue()

    yield Sample("DNG, developed", "RAW", negative, quarters().repeat(4, 0).repeat(4, 1), within=24)
