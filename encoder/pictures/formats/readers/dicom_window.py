"""From stored values of a DICOM grey picture to those that are shown: modality, then value of interest (PS3.3, C.11.1, C.11.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut, apply_voi


@dataclass(frozen=True, eq=False)
class Shown:
    """(H, W) ``values``; ``window``: those that are black and white, where the file says so; ``bits`` where only their number is
    known; ``padding``: (H, W), True where nothing was recorded; ``how``: for people."""

    values: NDArray[Any]
    window: tuple[float, float] | None
    bits: int | None
    padding: NDArray[np.bool_] | None
    how: str


def shown_values(stored: NDArray[Any], dataset: Dataset, frame: int) -> Shown:
    """By the first window or table of ``dataset``, or of its ``frame`` where it has functional groups."""
    padding = _padding(stored, dataset)
    modality = _holder(dataset, frame, ("ModalityLUTSequence", "RescaleSlope"), "PixelValueTransformationSequence")
    values = stored
    if modality is not None and not _identity(modality):
        values = apply_modality_lut(stored, modality)
    interest = _holder(dataset, frame, ("VOILUTSequence", "WindowCenter"), "FrameVOILUTSequence")
    table = None if interest is None else interest.get("VOILUTSequence")
    if interest is not None and table and table[0].get("LUTDescriptor") and table[0].get("LUTData") is not None:
        depth = int(table[0].LUTDescriptor[2])
        looked_up = apply_voi(values.astype(np.int64), interest)
        return Shown(looked_up, (0.0, float(2**depth - 1)), None, padding, "VOI table")
    centre, width = (
        (None, None) if interest is None else (_first(interest, "WindowCenter"), _first(interest, "WindowWidth"))
    )
    if interest is not None and centre is not None and width is not None and width >= (0 if width % 1 else 1):
        function = str(interest.get("VOILUTFunction") or "LINEAR").upper()
        how = f"window {centre:g} ± {width / 2:g}"
        if function == "SIGMOID":
            curve = 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
            return Shown(curve.astype(np.float32), (0.0, 1.0), None, padding, f"{how}, sigmoid")
        if function == "LINEAR_EXACT":
            return Shown(values, (centre - width / 2, centre + width / 2), None, padding, how)
        low = centre - 0.5 - (width - 1) / 2
        return Shown(values, (low, max(low + width - 1, low + 1e-6)), None, padding, how)
    bits = int(dataset.BitsStored) if values is stored and "BitsStored" in dataset else None
    return Shown(values, None, bits if bits is not None and bits < 8 else None, padding, "no window")


def _holder(dataset: Dataset, frame: int, names: tuple[str, str], sequence: str) -> Dataset | None:
    """What has one of ``names``: the data set, or of an enhanced object the functional group of the frame or that of all."""
    for place in _places(dataset, frame, sequence):
        if any(place.get(name) not in (None, "") for name in names):
            return place
    return None


def _places(dataset: Dataset, frame: int, sequence: str) -> Iterator[Dataset]:
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    if frame < len(per_frame):
        yield from per_frame[frame].get(sequence) or ()
    for shared in dataset.get("SharedFunctionalGroupsSequence") or ():
        yield from shared.get(sequence) or ()
    yield dataset


def _identity(holder: Dataset) -> bool:
    if holder.get("ModalityLUTSequence"):
        return False
    return float(holder.get("RescaleSlope") or 1) == 1 and float(holder.get("RescaleIntercept") or 0) == 0


def _first(holder: Dataset, name: str) -> float | None:
    value = holder.get(name)
    if isinstance(value, MultiValue):
        value = value[0] if len(value) else None
    return None if value in (None, "") else float(value)


def _padding(stored: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_] | None:
    """Pixel Padding Value, and the range up to its limit (PS3.3, C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit", value)
    low, high = sorted((int(value), int(limit)))
    found: NDArray[np.bool_] = (stored >= low) & (stored <= high)
    return found
