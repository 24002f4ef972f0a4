"""The header of a picture: format, mode and size, read without decoding, or the reason it is none."""

from __future__ import annotations

import io

import pytest
from clipseek.encoder import ImageError
from clipseek.encoder.pictures.header import Header, read_header
from PIL import Image

from tests.pictures import huge_png


def encoded(kind: str, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (30, 20)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("PNG", "I;16"), ("TIFF", "L"), ("WEBP", "RGB"), ("GIF", "P")]
)
def test_format_mode_and_size_stand_in_the_header(kind: str, mode: str) -> None:
    assert read_header(io.BytesIO(encoded(kind, mode))) == Header(kind, mode, 30, 20, mode == "I;16")


def test_a_header_is_enough() -> None:
    cut = encoded("PNG")[:60]
    assert read_header(io.BytesIO(cut)).width == 30


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html><svg xmlns='http://www.w3.org/2000/svg'/></html>", "not an image"),
        (b"<!doctype html><script>alert(1)</script>", "not an image"),
        (b"", "not an image"),
        (huge_png(20_000), r"too large: .* has 400 megapixels, the limit is 178"),
    ],
)
def test_what_is_no_picture_or_too_large_has_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        read_header(io.BytesIO(data))


def test_the_limit_may_be_lower() -> None:
    with pytest.raises(ImageError, match=r"the limit is 0\.0001"):
        read_header(io.BytesIO(encoded("PNG")), max_megapixels=0.0001)
