"""DICOM by pydicom, with the decoders that it knows: the values as the standard's grey pipeline makes them (PS3.4, N.2).

Stored values → modality (rescale or table) → value of interest (table or window) → MONOCHROME1 turned round. Colours: palettes
looked up, YBR to RGB, the profile of an optical path.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ...errors import ImageError
from ...limits import check_pixels
from ...pixels.decoded import Decoded
from ..asked import Asked
from .dicom_window import Shown, shown_values

_MET = frozenset({"format.dicom"})
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT")


def read(data: bytes, asked: Asked) -> Decoded:
    """The middle frame of several, the first, or the one that is asked for."""
    dataset = _opened(data)
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    check_pixels(columns, rows, asked.max_megapixels)
    frames = int(dataset.get("NumberOfFrames") or 1)
    number = asked.index(frames, "frame", 0 if asked.rules.frame == "first" else frames // 2)
    facts = [f"frame {number + 1} of {frames}"] if frames > 1 else []
    kind = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2")
    try:
        values = pixel_array(dataset, index=number)
    except (RuntimeError, NotImplementedError, AttributeError, ValueError, KeyError) as problem:
        raise ImageError(_refusal(dataset, problem)) from None
    met = _MET | {"pages"} if frames > 1 else _MET
    if kind.startswith("MONOCHROME"):
        if values.ndim != 2:
            raise ImageError(f"{kind} with {values.shape[-1]} values a pixel")
        grey = shown_values(values, dataset, number)
        return _grey(grey, kind == "MONOCHROME1", dataset, [*facts, kind, grey.how], met)
    if kind == "PALETTE COLOR":
        values = apply_color_lut(values, dataset)
    elif kind not in _COLOURS:
        raise ImageError(f"its photometric interpretation {kind} is not read")
    bits = values.dtype.itemsize * 8 if kind == "PALETTE COLOR" else int(dataset.BitsStored)
    return Decoded(
        values if values.ndim == 3 else values[..., None],
        "rgb" if values.ndim == 3 else "grey",
        bits=bits,
        profile=_profile(dataset),
        format="DICOM",
        met=met,
        facts=(*facts, kind),
    )


def pages(data: bytes) -> range:
    """The numbers of its frames."""
    return range(1, int(_opened(data).get("NumberOfFrames") or 1) + 1)


def size(data: bytes) -> tuple[int, int]:
    """Width and height."""
    dataset = _opened(data)
    return int(dataset.get("Columns") or 0), int(dataset.get("Rows") or 0)


def _opened(data: bytes) -> Dataset:
    try:
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    except Exception as problem:  # pydicom raises what it likes on broken files
        raise ImageError(f"not readable as DICOM: {problem}") from None
    if not any(name in dataset for name in _PIXELS):
        kind = getattr(dataset.get("SOPClassUID"), "name", None)
        raise ImageError(f"a DICOM file without a picture{f' ({kind})' if kind else ''}")
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRBigEndian if little is False else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = explicit if implicit is False else ImplicitVRLittleEndian
    return dataset


def _grey(shown: Shown, inverted: bool, dataset: Dataset, facts: list[str], met: frozenset[str]) -> Decoded:
    values = _padded(shown, inverted)
    return Decoded(
        values[..., None],
        "grey",
        bits=shown.bits,
        inverted=inverted,
        window=shown.window,
        format="DICOM",
        met=met,
        facts=tuple(facts),
    )


def _padded(shown: Shown, inverted: bool) -> NDArray[Any]:
    """The values with black where nothing was recorded, which must not decide what becomes black elsewhere."""
    if shown.padding is None or not shown.padding.any() or shown.padding.all():
        return shown.values
    recorded = shown.values[~shown.padding]
    return np.where(shown.padding, recorded.max() if inverted else recorded.min(), shown.values)


def _profile(dataset: Dataset) -> bytes | None:
    for holder in (dataset, *(dataset.get("OpticalPathSequence") or ())):
        if profile := holder.get("ICCProfile"):
            return bytes(profile)
    return None


def _refusal(dataset: Dataset, problem: Exception) -> str:
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    words = " ".join(str(problem).split())
    return f"its pixels ({getattr(syntax, 'name', syntax)}) cannot be decoded: {words[:160]}"
