"""DICOM files: depths, signs, windows, tables, colours, transfer syntaxes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from clipseek.encoder.pictures.rules import Rules
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.utils import set_pixel_data
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from .scene import Sample, colour, grey, rgb, scaled


def dataset(values: NDArray[Any], kind: str = "MONOCHROME2", bits: int | None = None, **elements: Any) -> Dataset:
    """A secondary capture of ``values``, (H, W), (H, W, 3) or (frames, H, W), with ``elements`` by their keywords."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.Modality = "OT"
    set_pixel_data(made, values, kind, bits or values.dtype.itemsize * 8)
    for name, value in elements.items():
        setattr(made, name, value)
    return made


def write(made: Dataset) -> bytes:
    """The file of ``made``."""
    stream = io.BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _sample(
    name: str, made: Dataset, shown: NDArray[np.uint8], rules: Rules | None = None, within: float = 1.0
) -> Sample:
    return Sample(f"DICOM {name}", "DICOM", lambda: write(made), rgb(shown), rules or Rules(), within)


def samples() -> Iterator[Sample]:
    """All of them."""
    for bits in (8, 10, 12, 14, 16):
        kind = "u1" if bits == 8 else "u2"
        values = scaled(grey(), 0, 2**bits - 1, kind)
        yield _sample(f"MONOCHROME2 {bits} bits", dataset(values, bits=bits), grey())
        yield _sample(f"MONOCHROME1 {bits} bits", dataset(values, "MONOCHROME1", bits), 255 - grey())
    signed = scaled(grey(), -1000, 3000, "i2")
    yield _sample("signed", dataset(signed), grey())
    yield _sample("rescale", dataset(scaled(grey(), 0, 4000, "u2"), RescaleSlope=1, RescaleIntercept=-1000), grey())
    yield from _windows(signed)
    yield from _colours()
    yield from _syntaxes()
    yield from _frames()
    padded = signed.copy()
    padded[:, :6] = -2000
    framed = grey().copy()
    framed[:, :6] = 0
    yield _sample("padding", dataset(padded, PixelPaddingValue=-2000), framed)
    inverted = 255 - framed
    inverted[:, :6] = 0
    yield _sample("padding, MONOCHROME1", dataset(padded, "MONOCHROME1", PixelPaddingValue=-2000), inverted)
    floats = dataset(scaled(grey(), 0, 255, "u2"))
    del floats.PixelData, floats.BitsStored, floats.HighBit, floats.PixelRepresentation
    floats.FloatPixelData, floats.BitsAllocated = scaled(grey(), -3, 5, "f4").tobytes(), 32
    yield _sample("floats", floats, grey())


def _windows(signed: NDArray[Any]) -> Iterator[Sample]:
    def shown(low: float, high: float) -> NDArray[np.uint8]:
        return ((signed - low) / (high - low) * 255).clip(0, 255).round().astype(np.uint8)

    for centre, width in ((40, 400), (600, 1600), (-600, 1500), (1000, 1)):
        low = centre - 0.5 - (width - 1) / 2
        within = shown(low, low + max(width - 1, 1e-6))
        yield _sample(f"window {centre}/{width}", dataset(signed, WindowCenter=centre, WindowWidth=width), within)
        inverted = dataset(signed, "MONOCHROME1", WindowCenter=centre, WindowWidth=width)
        yield _sample(f"window {centre}/{width}, MONOCHROME1", inverted, 255 - within)
    exact = dataset(signed, WindowCenter=[600, 40], WindowWidth=[1600, 400], VOILUTFunction="LINEAR_EXACT")
    yield _sample("two windows, exact", exact, shown(-200, 1400))
    curve = (255 / (1 + np.exp(-4 * (signed - 600.0) / 1600))).round().astype(np.uint8)
    yield _sample("sigmoid", dataset(signed, WindowCenter=600, WindowWidth=1600, VOILUTFunction="SIGMOID"), curve)
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 12]
    table.add_new(0x00283006, "OW", (4095 - np.arange(4096)).astype("<u2").tobytes())
    yield _sample("VOI table", dataset(scaled(grey(), 0, 4095, "u2"), bits=12, VOILUTSequence=[table]), 255 - grey())
    rescale, window = Dataset(), Dataset()
    rescale.RescaleSlope, rescale.RescaleIntercept = 2, -1000
    window.WindowCenter, window.WindowWidth = 600, 1600
    group = Dataset()
    group.PixelValueTransformationSequence, group.FrameVOILUTSequence = [rescale], [window]
    stored = scaled(grey(), 0, 2000, "u2")
    in_hounsfield = ((stored * 2.0 - 1000 + 200) / 1599 * 255).clip(0, 255).round().astype(np.uint8)
    yield _sample("functional groups", dataset(stored, SharedFunctionalGroupsSequence=[group]), in_hounsfield)


def _colours() -> Iterator[Sample]:
    yield _sample("RGB", dataset(colour(), "RGB"), colour())
    yield _sample("RGB 16 bits", dataset(scaled(colour(), 0, 65535, "u2"), "RGB"), colour())
    yield _sample("YBR_FULL", dataset(_ybr(colour()), "YBR_FULL"), colour(), within=2)
    palette = dataset(grey(), "PALETTE COLOR")
    for name, values in (("Red", np.arange(256)), ("Green", 255 - np.arange(256)), ("Blue", np.full(256, 40))):
        setattr(palette, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(palette, f"{name}PaletteColorLookupTableData", (values * 257).astype("<u2").tobytes())
    yield _sample("palette", palette, np.stack([grey(), 255 - grey(), np.full_like(grey(), 40)], axis=-1))


def _ybr(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    matrix = np.array([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])
    return np.asarray((values @ matrix.T + (0, 128, 128)).round().clip(0, 255), np.uint8)


def _syntaxes() -> Iterator[Sample]:
    for syntax, name in ((RLELossless, "RLE"), (JPEG2000Lossless, "JPEG 2000"), (JPEGLSLossless, "JPEG-LS")):
        deep = dataset(scaled(grey(), 0, 4095, "u2"), bits=12)
        deep.compress(syntax, generate_instance_uid=False)
        yield _sample(f"{name}, 12 bits", deep, grey())
        colours = dataset(colour(), "RGB")
        colours.compress(syntax, generate_instance_uid=False)
        yield _sample(f"{name}, RGB", colours, colour())
    for encoding, name in ((ImplicitVRLittleEndian, "implicit"), (ExplicitVRBigEndian, "big-endian")):
        made = dataset(grey())
        made.file_meta.TransferSyntaxUID = encoding
        yield _sample(name, made, grey())
    bare = dataset(grey())

    def without_preamble() -> bytes:
        stream = io.BytesIO()
        del bare.file_meta
        bare.save_as(stream, implicit_vr=True, little_endian=True)
        return stream.getvalue()

    yield Sample("DICOM without a preamble", "DICOM", without_preamble, rgb(grey()))


def _frames() -> Iterator[Sample]:
    stack = np.stack([255 - grey(), grey()[::-1], grey(), grey()[:, ::-1], np.zeros_like(grey())])
    yield _sample("the middle of 5 frames", dataset(stack, NumberOfFrames=5), grey())
    yield _sample("the first of 5 frames", dataset(stack, NumberOfFrames=5), 255 - grey(), Rules(frame="first"))
