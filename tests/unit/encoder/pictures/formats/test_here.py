"""Where a plain format is decoded: here, unless a large file has to be decoded whole."""

from __future__ import annotations

import io
from typing import Any

import pytest
from clipseek.encoder.pictures import size
from clipseek.encoder.pictures.formats.here import stays_here
from clipseek.encoder.pictures.formats.sniffing import format_of
from PIL import Image


@pytest.mark.parametrize(
    ("kind", "options", "whole", "here"),
    [
        ("JPEG", {}, False, True),
        ("JPEG", {}, True, False),
        ("JPEG", {"progressive": True}, False, False),
        ("JPEG", {"exif": b"Exif\0\0" + bytes(300)}, True, False),
        ("PNG", {}, True, True),
        ("PNG", {"save_all": True, "append_images": [Image.new("RGB", (200, 100), "red")]}, False, False),
        ("GIF", {}, False, False),
        ("BMP", {}, False, False),
        ("DIB", {}, False, False),
        ("WEBP", {}, False, False),
        ("WEBP", {"lossless": True}, False, False),
        ("WEBP", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}, False, False),
    ],
)
def test_what_is_decoded_whole_is_decoded_apart_when_it_is_large(
    kind: str, options: dict[str, Any], whole: bool, here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (200, 100), "blue").save(stream, kind, **options)
    data = stream.getvalue()
    known = format_of(data)
    assert known is not None
    assert stays_here(data, known, whole=whole)  # small
    monkeypatch.setattr(size, "LARGE", 20_000)
    assert stays_here(data, known, whole=whole) == here
    assert stays_here(data[:7], known, whole=whole)  # what is cut off is said by its decoder
    monkeypatch.setattr(size, "LARGE", 20_001)
    assert stays_here(data, known, whole=whole)
