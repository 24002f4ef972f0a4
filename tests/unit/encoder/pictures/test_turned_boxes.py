"""HEIC and AVIF say which side is up in boxes of their own (irot and imir, ISO/IEC 23008-12, 6.5.10 and 6.5.12), not in EXIF."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder.pictures.images import open_image
from numpy.typing import NDArray
from PIL import Image, features

from tests.made.others import quarters

FIXTURES = Path(__file__).parents[3] / "fixtures" / "pictures"
ORIENTATION, MAKER = 0x0112, 0x010F


def heic(mirrored: bool) -> bytes:
    pytest.importorskip("pi_heif")
    return (FIXTURES / f"{'mirrored' if mirrored else 'turned'}.heic").read_bytes()


def avif(mirrored: bool) -> bytes:
    """With both boxes, or the first, and an EXIF block that says something else."""
    if not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 5 if mirrored else 6, "maker"
    buffer = io.BytesIO()
    Image.fromarray(quarters()).save(buffer, "AVIF", exif=exif, quality=100, subsampling="4:4:4")
    data = buffer.getvalue()
    maker = bytes.fromhex("010f0002000000060000001a")
    assert data.count(maker) == 1
    return data.replace(maker, bytes.fromhex("011200030000000100080000"))  # the orientation 8


def with_box(data: bytes, name: bytes, value: int) -> bytes:
    at = data.index(name) + len(name)
    return data[:at] + bytes([value]) + data[at + 1 :]


def turned(values: NDArray[np.uint8], quarter_turns: int, axis: int | None) -> NDArray[np.uint8]:
    """Anticlockwise first, then top and bottom exchanged (axis 0), or left and right (axis 1)."""
    found = np.rot90(values, quarter_turns)
    return found if axis is None else np.flip(found, axis)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("quarter_turns", range(4))
@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_the_boxes_decide(kind: str, quarter_turns: int, axis: int | None) -> None:
    data = with_box((heic if kind == "HEIC" else avif)(axis is not None), b"irot", quarter_turns)
    if axis is not None:
        data = with_box(data, b"imir", axis)
    shown = np.asarray(open_image(data)).astype(int)
    expected = turned(quarters(), quarter_turns, axis)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).mean() < 6  # the borders of the fields are lossy
    for down in (1, 3):
        for across in (1, 3):
            place = shown.shape[0] * down // 4, shown.shape[1] * across // 4
            assert np.abs(shown[place] - expected[place]).max() < 8
