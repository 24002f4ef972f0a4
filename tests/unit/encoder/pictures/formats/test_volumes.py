"""Slices of a packed volume: it is unpacked once, however many of them are asked for."""

from __future__ import annotations

import gzip
from typing import Any

import nibabel
import numpy as np
import pytest
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.formats.asked import Asked
from clipseek.encoder.pictures.formats.readers import nifti
from clipseek.encoder.pictures.rules import Rules


def volume(seed: int) -> bytes:
    values = np.random.default_rng(seed).integers(0, 1000, (12, 10, 8)).astype(np.int16)
    made: Any = nibabel.Nifti1Image(values, np.eye(4))  # type: ignore[no-untyped-call]
    return bytes(made.to_bytes())


def test_a_packed_volume_is_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked, unpack = list[int](), nifti._unpack

    def counted(data: bytes) -> Any:
        unpacked.append(len(data))
        return unpack(data)

    monkeypatch.setattr(nifti, "_unpack", counted)
    for seed in (1, 2, 1):
        plain, before = volume(seed), len(unpacked)
        packed = gzip.compress(plain)
        assert list(nifti.pages(packed)) == list(range(1, 9))
        for page in range(1, 9):
            asked = Asked(Rules(), 178, page=page)
            np.testing.assert_array_equal(nifti.read(packed, asked).values, nifti.read(plain, asked).values)
        assert len(unpacked) == before + 1
    nifti._unpacked.close()


def test_a_packed_volume_that_ends_early_or_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(volume(3))
    with pytest.raises(EOFError):
        nifti.read(packed[:-20], Asked(Rules(), 178))
    monkeypatch.setattr(nifti, "_LARGEST", 100)
    with pytest.raises(ImageError, match="more than 2 GB"):
        nifti.read(packed, Asked(Rules(), 178))
