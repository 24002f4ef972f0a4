"""NIfTI-1 and -2 by nibabel: one slice of a volume, as a reader of the skull sees it from above."""

from __future__ import annotations

import gzip
import hashlib
import io
import tempfile
from typing import Any, cast

import nibabel
import numpy as np
from numpy.typing import NDArray

from ...errors import ImageError
from ...limits import check_pixels
from ...pixels.decoded import Decoded
from ..asked import Asked

_LARGEST = 2 << 30  # bytes of an unpacked volume


def pages(data: bytes) -> range:
    """The numbers of its slices, from feet to head."""
    volume, _, _, upward = _opened(data)
    return range(1, 2 if upward is None else int(volume.shape[upward]) + 1)


def read(data: bytes, asked: Asked) -> Decoded:
    """The middle slice, the first, or the one that is asked for, from feet to head; of a series the first volume. Colours as
    stored, greys with the header's slope and intercept, between cal_min and cal_max where it has them."""
    volume, turn, axes, upward = _opened(data)
    shape, number, count = volume.shape, 0, 1
    place: list[int | slice] = [slice(None) if axis < 3 else 0 for axis in range(len(shape))]
    if upward is not None:
        count = shape[upward]
        number = asked.index(count, "slice", 0 if asked.rules.frame == "first" else count // 2)
        place[upward] = count - 1 - number if turn[upward, 1] < 0 else number
    slice_ = np.asarray(volume.dataobj[tuple(place)])
    across = [axis for axis in range(min(3, len(shape))) if axis != upward]
    flips = [turn[axis, 1] < 0 for axis in across]
    slice_ = _upright(slice_, [axes[axis] for axis in across], flips)
    check_pixels(slice_.shape[1], slice_.shape[0], asked.max_megapixels)
    low, high = float(volume.header["cal_min"]), float(volume.header["cal_max"])
    values, colours = _bands(slice_)
    return Decoded(
        values,
        "rgb" if colours else "grey",
        "straight" if values.shape[2] == 4 else "none",
        window=(low, high) if high > low and not colours else None,
        format="NIfTI",
        met=frozenset({"format.nifti", "pages"}),
        facts=(f"slice {number + 1} of {count}, shape {' x '.join(map(str, shape))}",),
    )


def _opened(data: bytes) -> tuple[Any, NDArray[np.float64], list[int], int | None]:
    """The volume, how its axes turn, which axes they are, and the axis of the file that runs from feet to head."""
    stream = _unpacked.of(data) if data[:2] == b"\x1f\x8b" else io.BytesIO(data)
    stream.seek(0)
    head = stream.read(348)
    stream.seek(0)
    if head[344:348] == b"ni1\0" or head[4:7] == b"ni2":
        raise ImageError("a NIfTI header alone; its values stand in another file (.img)")
    kind = nibabel.Nifti2Image if int.from_bytes(head[:4], "little") == 540 or head[:4] == b"\0\0\x02\x1c" else None
    volume: Any = (kind or nibabel.Nifti1Image).from_stream(stream)
    turn: NDArray[np.float64] = nibabel.orientations.io_orientation(volume.affine)  # type: ignore[no-untyped-call]
    shape = volume.shape
    if len(shape) < 2 or min(shape) < 1:
        raise ImageError(f"a volume of shape {' x '.join(map(str, shape))} has no slice")
    axes = [int(axis) if axis == axis else place for place, axis in enumerate(turn[:, 0])]
    return volume, turn, axes, axes.index(2) if len(shape) > 2 and 2 in axes else None


class _Unpacked:
    """The last volume that was unpacked, in a file without a name: its slices are asked for one after another."""

    def __init__(self) -> None:
        self._key, self._stream = b"", cast("io.BufferedIOBase | None", None)

    def of(self, data: bytes) -> io.BufferedIOBase:
        """Raises ImageError for more than 2 GB."""
        key = hashlib.blake2b(data).digest()
        if self._stream is None or key != self._key:
            self.close()
            self._key, self._stream = key, _unpack(data)
        return self._stream

    def close(self) -> None:
        """Let the file go."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None


def _unpack(data: bytes) -> io.BufferedIOBase:
    # Kept for the next slice.
    stream = cast(io.BufferedIOBase, tempfile.TemporaryFile(prefix="clipseek-"))  # noqa: SIM115
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            while part := packed.read(1 << 20):
                stream.write(part)
                if stream.tell() > _LARGEST:
                    raise ImageError("too large: its volume has more than 2 GB")
    except BaseException:
        stream.close()
        raise
    return stream


_unpacked = _Unpacked()


def _upright(values: NDArray[Any], axes: list[int], flips: list[bool]) -> NDArray[Any]:
    """(along the first axis, along the second) -> rows from the nose down, columns from the patient's right side, as radiologists
    look at it."""
    for axis, flip in enumerate(flips):
        if flip:
            values = np.flip(values, axis)
    if axes[0] > axes[1]:
        values = np.swapaxes(values, 0, 1)
    # Now x (left to right of the patient) and y (back to front), both growing.
    return np.swapaxes(values, 0, 1)[::-1, ::-1]


def _bands(values: NDArray[Any]) -> tuple[NDArray[Any], bool]:
    if values.dtype.fields:  # RGB24, RGBA32
        return np.stack([values[name] for name in values.dtype.fields], axis=-1), True
    if values.dtype.kind == "c":
        values = np.abs(values)
    if values.dtype.kind == "f" and not (known := np.isfinite(values)).all():
        values = np.where(known, values, values[known].min() if known.any() else 0)  # black, as viewers show it
    return values[..., None], False
