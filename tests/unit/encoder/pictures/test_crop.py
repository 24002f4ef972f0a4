"""A part of a picture: read, refused, and cut out of what is shown, whatever the file holds."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from clipseek.encoder.errors import ImageError
from clipseek.encoder.pictures.crop import SMALLEST, Crop
from clipseek.encoder.pictures.images import open_image, open_reduced
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

ORIENTATION = 0x0112


def noise(width: int, height: int, channels: int = 3) -> Image.Image:
    """Smooth random colours, so that a JPEG is near to them, and no two parts are alike."""
    small = np.random.default_rng(7).integers(0, 256, (height // 16, width // 16, channels), dtype=np.uint8)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    return Image.fromarray(small.squeeze(), mode).resize((width, height), Image.Resampling.BICUBIC)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "crop"),
    [
        ("10,20,100,80", Crop(10, 20, 100, 80)),
        (" 10, 20 ,100,80 ", Crop(10, 20, 100, 80)),
        ("10%,20%,50%,40%", Crop(0.1, 0.2, 0.5, 0.4, "fractions")),
        ("0%,0%,37.5%,100%", Crop(0, 0, 0.375, 1, "fractions")),
        ("10,20,100", None),
        ("10,20,100,80,1", None),
        ("10%,20,100,80", None),  # one unit for all four
        ("a,b,c,d", None),
        ("", None),
        ("nan,0,1,1", None),
        ("٣,0,10,10", None),
        ("1e3,0,10,10", None),
    ],
)
def test_four_numbers_in_pixels_or_per_cent(text: str, crop: Crop | None) -> None:
    assert Crop.read(text) == crop
    if crop is not None:
        assert Crop.read(str(crop)) == crop


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-1,0,10,10", "begins outside the picture"),
        ("0,-1%,10,10", None),
        ("0%,-1%,10%,10%", "begins outside the picture"),
        ("0,0,0,10", "is empty"),
        ("0,0,10,-3", "is empty"),
        ("60%,0%,50%,10%", "ends outside the picture, at 1.1 of 1"),
        ("0.5,0,10,10", "has a part of a pixel"),
    ],
)
def test_what_is_part_of_no_picture_is_refused(text: str, reason: str | None) -> None:
    if reason is None:
        assert Crop.read(text) is None
        return
    with pytest.raises(ImageError, match=reason):
        Crop.read(text)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((float("nan"), 0, 1, 1), "not finite"),
        ((0, 0, float("inf"), 1), "not finite"),
        ((0, 0, 1, 1, "inches"), "'inches' is not known"),
    ],
)
def test_values_of_a_program_are_checked_too(values: Any, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        Crop(*values)


def test_a_box_is_inside_the_picture_and_not_too_small() -> None:
    assert Crop(10, 20, 90, 80).box(100, 100) == (10, 20, 100, 100)
    assert Crop(0.1, 0.25, 0.5, 0.75, "fractions").box(99, 40) == (10, 10, 59, 40)
    assert Crop(0.9, 0.0, 0.1 + 1e-9, 1, "fractions").box(200, 100) == (180, 0, 200, 100)  # a float's rounding
    with pytest.raises(ImageError, match="the crop 10,20,91,80 ends outside the picture, which has 100 x 100 pixels"):
        Crop(10, 20, 91, 80).box(100, 100)
    with pytest.raises(ImageError, match="too small: 7 x 80 of 100 x 100 pixels, expected 8 x 8"):
        Crop(10, 20, 7, 80).box(100, 100)
    with pytest.raises(ImageError, match=r"the crop 0%,0%,1%,100% is too small: 0 x 20"):
        Crop(0, 0, 0.01, 1, "fractions").box(20, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_cut_as_it_is_shown(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = saved(noise(160, 96), "JPEG", quality=95, exif=exif)
    with Image.open(io.BytesIO(data)) as file:
        shown = ImageOps.exif_transpose(file)
        expected = np.asarray(shown.crop((16, 8, 80, 72)))
    assert shown.size == ((160, 96) if orientation < 5 else (96, 160))
    found = open_image(data, crop=Crop(16, 8, 64, 64))
    np.testing.assert_array_equal(np.asarray(found), expected)
    width, height = shown.size
    fractions = Crop(16 / width, 8 / height, 64 / width, 64 / height, "fractions")
    np.testing.assert_array_equal(np.asarray(open_image(data, crop=fractions)), expected)


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "CMYK", "I;16", "1"])
def test_any_picture_is_cut_after_it_was_made_rgb(mode: str) -> None:
    if mode == "RGBA":
        data = saved(noise(96, 64, 4), "PNG")
    elif mode == "I;16":
        data = saved(Image.fromarray(np.asarray(noise(96, 64, 1), np.uint16) * 257), "PNG")
    else:
        data = saved(noise(96, 64).convert(mode), "TIFF")
    whole = open_image(data, (10, 200, 30))
    found = open_image(data, (10, 200, 30), crop=Crop(5, 6, 40, 50))
    np.testing.assert_array_equal(np.asarray(found), np.asarray(whole)[6:56, 5:45])


def test_the_depth_of_a_16_bit_picture_is_the_whole_pictures() -> None:
    values = np.full((32, 64), 60_000, np.uint16)
    values[:, :32] = 200  # alone it would be taken for 8 bits, and become bright
    data = saved(Image.fromarray(values), "PNG")
    assert np.asarray(open_image(data, crop=Crop(0, 0, 32, 32))).max() == 1


def test_a_cropped_jpeg_is_decoded_whole() -> None:
    data = saved(noise(640, 480), "JPEG", quality=95)
    reduced, full = open_reduced(data, (255, 255, 255), 178, 256, 64)
    assert (reduced.size, full) == ((160, 120), (640, 480))
    cut, size = open_reduced(data, (255, 255, 255), 178, 256, 64, crop=Crop(0, 0, 320, 240))
    assert cut.size == size == (320, 240)
    np.testing.assert_array_equal(np.asarray(cut), np.asarray(open_image(data))[:240, :320])


def test_a_crop_outside_is_a_reason_like_others() -> None:
    data = saved(noise(160, 96), "PNG")
    with pytest.raises(ImageError, match="which has 160 x 96 pixels"):
        open_image(data, crop=Crop(150, 0, 20, 20))


NUMBER = st.one_of(st.integers(-5, 400), st.floats(-1, 401), st.sampled_from([1e308, float("inf"), float("nan"), -0.0]))


@given(
    st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
    st.sampled_from(["pixels", "fractions"]),
    st.integers(1, 400),
    st.integers(1, 400),
)
def test_any_numbers_make_a_part_of_the_picture_or_a_reason(
    numbers: tuple[float, float, float, float], unit: Any, width: int, height: int
) -> None:
    try:
        left, top, right, bottom = Crop(*numbers, unit).box(width, height)
    except ImageError as problem:
        assert "\n" not in str(problem)  # noqa: PT017  # whether it is refused is what is drawn
        return
    assert 0 <= left <= right - SMALLEST
    assert 0 <= top <= bottom - SMALLEST
    assert right <= width
    assert bottom <= height
    assert all(isinstance(number, int) for number in (left, top, right, bottom))


@given(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.1, 0.5), st.floats(0.1, 0.5))
def test_what_is_written_is_read_again_nearly(left: float, top: float, width: float, height: float) -> None:
    crop = Crop(left, top, width, height, "fractions")
    again = Crop.read(str(crop))
    assert again is not None
    for one, other in zip(crop.box(640, 480), again.box(640, 480), strict=True):
        assert abs(one - other) <= 1


@given(st.text("0123456789.,%+-e #", max_size=30))
def test_any_text_is_a_crop_none_or_a_reason(text: str) -> None:
    try:
        crop = Crop.read(text)
    except ImageError:
        return
    assert crop is None or crop.width > 0
