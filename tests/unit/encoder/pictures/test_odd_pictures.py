"""Pictures as cameras, satellites, scanners and medical devices write them: the pixels that a careful viewer shows, or a reason."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import ImageError
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.pillow.jpeg2000 import deep_colours
from clipseek.encoder.pictures.pixels.rendering import Seen
from clipseek.encoder.pictures.rules import VERSIONS, Rules
from PIL import Image

from tests.made_files import TiffPage, png, tiff

BACKGROUND = (9, 8, 7)
LEAST = -3.4028235e38


def seen(data: bytes, **options: Any) -> Seen:
    return open_picture(data, Rules(BACKGROUND, options.pop("depth_range", "used")), **options)


def at(shown: Seen, y: int, x: int) -> list[int]:
    pixel: list[int] = shown.pixels[y, x].tolist()
    return pixel


def halves(down: bool = False) -> np.ndarray:
    """12 bits in 16-bit colours: one half black, one orange."""
    values = np.zeros((96, 96, 3), np.uint16)
    values[48:] = (4000, 2000, 1000)
    return values if down else values.transpose(1, 0, 2)


SIXTEEN: dict[str, Callable[[np.ndarray], bytes]] = {
    "png": lambda values: png(values, bits=16),
    "tiff, little end first": lambda values: tiff(TiffPage(values)),
    "tiff, big end first": lambda values: tiff(TiffPage(values), order=">"),
    "ppm": lambda values: b"P6\n96 96\n65535\n" + values.astype(">u2").tobytes(),
    "ppm of 12 bits": lambda values: b"P6\n# made\n96 96\n4095\n" + values.astype(">u2").tobytes(),
    "sgi": lambda values: _sgi(values),
}


def _sgi(values: np.ndarray) -> bytes:
    head = struct.pack(">HBBHHHH", 474, 0, 2, 3, values.shape[1], values.shape[0], 3).ljust(512, b"\0")
    return head + values[::-1].transpose(2, 0, 1).astype(">u2").tobytes()


@pytest.mark.parametrize("kind", SIXTEEN)
def test_the_bits_in_use_decide_16_bit_colours(kind: str) -> None:
    across, down = seen(SIXTEEN[kind](halves())), seen(SIXTEEN[kind](halves(down=True)))
    assert (at(across, 0, 0), at(across, 0, 95)) == ([0, 0, 0], [249, 125, 62])
    assert (at(down, 0, 0), at(down, 95, 0)) == ([0, 0, 0], [249, 125, 62])
    assert across.met == (f"depth:{VERSIONS['depth']}",)


@pytest.mark.parametrize("kind", list(SIXTEEN)[:4])
def test_a_stray_pixel_decides_no_depth(kind: str) -> None:
    values = halves().copy()
    values[5, 5] = values[70, 3] = 65535
    assert at(seen(SIXTEEN[kind](values)), 0, 95) == [249, 125, 62]


def test_deep_pictures_that_use_all_bits_are_as_8_bits_tell_them() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (64, 64, 3)).astype(np.uint16)
    for data in (png(values, bits=16), tiff(TiffPage(values))):
        assert np.abs(seen(data).pixels.astype(int) - (values / 257).round()).max() == 0


@pytest.mark.parametrize(("bands", "kind"), [(1, "grey"), (3, "colours")])
@pytest.mark.parametrize("share", ["full", "used", "p2-98"])
def test_depth_range(share: str, bands: int, kind: str) -> None:
    ramp = np.linspace(0, 2000, 100).round().astype(np.uint16)
    values = np.repeat(np.tile(ramp, (20, 1))[..., None], bands, 2)
    pixels = seen(png(values, bits=16), depth_range=share).pixels[..., 0].astype(int)
    low, high = {"full": (0, 65535), "used": (0, 4095), "p2-98": (40, 1960)}[share]
    expected = ((ramp.astype(float) - low) / (high - low) * 255).clip(0, 255).round()
    assert np.abs(pixels[0] - expected).max() <= 1, kind


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("tag", [{}, {42113: "-3.4028234663852886e+38"}])
def test_a_no_data_frame_of_floats_is_no_part_of_the_range(tag: dict[int, str], turned: bool) -> None:
    scene = np.tile(np.linspace(100, 900, 96, dtype=np.float32), (96, 1))
    framed = np.full((120, 120, 1), LEAST, np.float32)
    framed[12:-12, 12:-12, 0] = scene.T if turned else scene
    shown = seen(tiff(TiffPage(framed, tag)))
    assert at(shown, 0, 0) == list(BACKGROUND)
    assert at(shown, 12, 12) == [0, 0, 0]
    assert at(shown, 107, 107) == [255, 255, 255]
    middle = at(shown, 60, 12 + 48)[0] if not turned else at(shown, 12 + 48, 60)[0]
    assert abs(middle - 129) <= 2


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.float32])
@pytest.mark.parametrize("tag", [{}, {42113: "-9999"}])
def test_a_no_data_frame_of_whole_numbers(tag: dict[int, str], kind: Any) -> None:
    framed = np.full((120, 120, 1), -9999, kind)
    framed[12:-12, 12:-12, 0] = np.linspace(0, 3000, 96).astype(kind)
    shown = seen(tiff(TiffPage(framed, tag)))
    assert [at(shown, 0, 0), at(shown, 60, 12), at(shown, 60, 107)] == [list(BACKGROUND), [0] * 3, [255] * 3]


@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_a_band_without_data_decides_no_range(kind: Any) -> None:
    values = np.repeat(np.linspace(0, 3000, 96).astype(kind)[None, :, None], 96, 0).repeat(3, 2)
    values[:8, :, 0] = -9999
    shown = seen(tiff(TiffPage(values, {42113: "-9999"})))
    assert [at(shown, 50, 0), at(shown, 50, 95)] == [[0] * 3, [255] * 3]
    assert at(shown, 0, 95) == [0, 255, 255]


@pytest.mark.parametrize("tag", [{}, {42113: "-9999"}, {42113: "nan"}])
def test_a_scene_put_together_from_others_has_several_values_for_nothing(tag: dict[int, str]) -> None:
    values = np.repeat(np.linspace(100, 900, 96, dtype=np.float32)[None, :, None], 96, 0)
    values[:8], values[-8:], values[8:12] = LEAST, -9999, np.nan
    shown = seen(tiff(TiffPage(values, tag)))
    assert [at(shown, 50, 0), at(shown, 50, 95)] == [[0] * 3, [255] * 3]
    assert at(shown, 0, 50) == at(shown, 95, 50) == at(shown, 9, 50) == list(BACKGROUND)


def test_no_data_of_8_bits_and_not_a_number_show_the_background() -> None:
    values = np.full((20, 20, 1), 100, np.uint8)
    values[:5] = 0
    assert at(seen(tiff(TiffPage(values, {42113: "0"}))), 0, 0) == list(BACKGROUND)
    floats = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20, 1)
    floats[3, 3] = np.nan
    assert at(seen(tiff(TiffPage(floats))), 3, 3) == list(BACKGROUND)


def test_a_drawing_of_few_values_keeps_its_extremes() -> None:
    values = np.full((64, 64, 1), -1, np.int16)
    values[20:40, 20:40] = 0
    values[30:34, 30:34] = 1
    shown = seen(tiff(TiffPage(values)))
    assert [at(shown, 0, 0), at(shown, 25, 25), at(shown, 32, 32)] == [[0] * 3, [128] * 3, [255] * 3]


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_greys_whose_0_is_white_are_turned(bits: int) -> None:
    values = np.zeros((32, 32, 1), np.uint16 if bits == 16 else np.uint8)
    values[:, 16:] = 2**bits - 1
    shown = seen(tiff(TiffPage(values, {262: 0}, bits=1 if bits == 1 else None)))
    assert (at(shown, 0, 0), at(shown, 0, 31)) == ([255] * 3, [0] * 3)


def test_12_bits_as_the_file_says_them() -> None:
    values = np.zeros((32, 32, 1), np.uint16)
    values[:, 16:] = 900  # 10 bits would do
    assert at(seen(tiff(TiffPage(values, bits=12))), 0, 31) == [56] * 3
    assert at(seen(tiff(TiffPage(values, {281: 4095}))), 0, 31) == [56] * 3


def test_signed_bytes_are_no_unsigned_ones() -> None:
    values = np.tile(np.arange(-64, 64, dtype=np.int8)[None, :, None], (8, 1, 1))
    shown = seen(tiff(TiffPage(values)))
    assert (at(shown, 0, 0)[0], at(shown, 0, 127)[0]) == (0, 255)
    assert at(shown, 0, 63)[0] < at(shown, 0, 64)[0]


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_one_transparent_grey_at_every_depth(bits: int) -> None:
    ground, drawn = (1000, 60_000) if bits == 16 else (1, 0)
    values = np.full((32, 32, 1), ground, np.uint16)
    values[8:24, 8:24] = drawn
    data = png(values, bits=bits, chunks=[(b"tRNS", struct.pack(">H", ground))])
    assert at(seen(data), 0, 0) == list(BACKGROUND)
    assert at(seen(data), 16, 16) == [round(drawn / (2**bits - 1) * 255)] * 3


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_one_transparent_colour_of_a_palette(bits: int) -> None:
    values = np.ones((32, 32, 1), np.uint8)
    values[8:24, 8:24] = 0
    colours = [(255, 0, 0), (0, 0, 255)]
    data = png(values, bits=bits, palette=colours, chunks=[(b"tRNS", b"\xff\x00")])
    assert (at(seen(data), 0, 0), at(seen(data), 16, 16)) == (list(BACKGROUND), [255, 0, 0])


def test_one_transparent_16_bit_colour() -> None:
    values = np.full((32, 32, 3), 1000, np.uint16)
    values[8:24, 8:24] = (1000, 1000, 1001)
    data = png(values, bits=16, chunks=[(b"tRNS", struct.pack(">HHH", 1000, 1000, 1000))])
    assert at(seen(data), 0, 0) == list(BACKGROUND)
    assert at(seen(data), 16, 16) != list(BACKGROUND)


@pytest.mark.parametrize(("extra", "expected"), [(2, "straight"), (1, "premultiplied"), (0, "none")])
def test_16_bit_alpha_beside_colours(extra: int, expected: str) -> None:
    values = np.zeros((32, 32, 4), np.uint16)
    values[..., 3] = 65535
    values[:16] = (30_000, 0, 0, 32_768)
    shown = at(seen(tiff(TiffPage(values, {338: extra}))), 0, 0)
    half = {"straight": [63, 4, 3], "premultiplied": [121, 4, 3], "none": [117, 0, 0]}[expected]
    assert np.abs(np.subtract(shown, half)).max() <= 1


def test_16_bit_grey_with_alpha() -> None:
    values = np.full((16, 16, 2), 65535, np.uint16)
    values[:8, :, 1] = 0
    shown = seen(png(values, bits=16))
    assert (at(shown, 0, 0), at(shown, 15, 0)) == (list(BACKGROUND), [255] * 3)


def red(width: int, height: int) -> np.ndarray:
    values = np.zeros((height, width, 3), np.uint8)
    values[..., 0] = 255
    values[0, 0] = 255
    return values


def blue(width: int = 640, height: int = 480) -> np.ndarray:
    return np.ascontiguousarray(red(width, height)[..., ::-1])


@pytest.mark.parametrize("tag", [{254: 1}, {255: 2}])
def test_a_first_page_that_is_a_reduced_copy_is_not_the_picture(tag: dict[int, int]) -> None:
    shown = seen(tiff(TiffPage(red(32, 24), tag), TiffPage(blue(), {254: 0})))
    assert (shown.width, shown.height, at(shown, 9, 9)) == (640, 480, [0, 0, 255])
    assert shown.met == ("pages:2",)


def test_a_picture_inside_its_thumbnails_tags_and_a_mask_before_it() -> None:
    inside = seen(tiff(TiffPage(red(32, 24), {254: 1}, inside=[TiffPage(blue(), {254: 0})])))
    assert (inside.width, at(inside, 9, 9)) == (640, [0, 0, 255])
    mask = TiffPage(np.ones((480, 640, 1), np.uint8), {254: 4}, bits=1)
    behind = seen(tiff(mask, TiffPage(blue())))
    assert at(behind, 9, 9) == [0, 0, 255]


def test_a_blank_first_page_is_not_the_picture_but_of_blank_ones_the_first_is() -> None:
    blank = np.full((48, 64, 3), 255, np.uint8)
    assert at(seen(tiff(TiffPage(blank), TiffPage(blue(64, 48)))), 9, 9) == [0, 0, 255]
    assert at(seen(tiff(TiffPage(blank), TiffPage(np.zeros_like(blank)))), 9, 9) == [255] * 3
    deep = np.ascontiguousarray(np.tile(np.arange(64, dtype=np.uint16)[:, None] * 60, (48, 1, 3)))
    assert at(seen(tiff(TiffPage(blank), TiffPage(deep))), 0, 63) == [235] * 3


@pytest.mark.parametrize("sensor", [32803, 34892])
def test_a_cameras_raw_file_is_never_its_small_preview(sensor: int) -> None:
    sensor_page = TiffPage(np.zeros((480, 640, 1), np.uint16), {254: 0, 262: sensor})
    data = tiff(TiffPage(red(160, 120), {254: 1, 50706: (1, 4, 0, 0)}, inside=[sensor_page]))
    developed = seen(data)
    assert developed.pixels.shape == (480, 640, 3)
    assert at(developed, 9, 9) == [0, 0, 0]


def test_a_large_scene_is_read_from_the_reduced_copy_that_is_large_enough() -> None:
    large = np.broadcast_to(np.uint8(200), (4000, 4000, 1))
    copies = [TiffPage(np.full((side, side, 1), side // 10, np.uint8), {254: 1}) for side in (2000, 1000, 500)]
    data = tiff(TiffPage(np.ascontiguousarray(large)), *copies)
    shown = seen(data, edge=224)
    assert (shown.width, shown.height, shown.picture.size, at(shown, 0, 0)) == (4000, 4000, (500, 500), [50] * 3)
    assert {"pages:2", "size:2"} <= set(shown.met)
    assert seen(data, edge=336).picture.size == (1000, 1000)
    assert seen(data).picture.size == (4000, 4000)


def test_the_page_that_is_read_is_held_to_the_limit() -> None:
    data = tiff(TiffPage(red(32, 24), {254: 1}), TiffPage(blue()))
    with pytest.raises(ImageError, match=r"640 x 480 has 0\.3072 megapixels, the limit is 0\.1"):
        seen(data, max_megapixels=0.1)


def test_a_flat_first_page_keeps_its_own_size() -> None:
    green = np.full((10, 10, 3), (0, 128, 0), np.uint8)
    found = seen(tiff(TiffPage(green), TiffPage(np.full((20, 20, 3), (0, 0, 255), np.uint8))))
    assert found.pixels.shape == (10, 10, 3)
    assert at(found, 0, 0) == [0, 128, 0]


def test_a_moving_palette_picture_of_flat_frames_keeps_its_palette() -> None:
    frames = [Image.new("P", (16, 16), 1), Image.new("P", (16, 16), 1)]
    for frame in frames:
        frame.putpalette([0, 0, 0, 255, 0, 0])
    stream = io.BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:], default_image=True)
    assert at(seen(stream.getvalue()), 0, 0) == [255, 0, 0]


@pytest.mark.parametrize("used", [4000, 65_000])
def test_16_bit_colours_of_jpeg_2000(used: int, monkeypatch: pytest.MonkeyPatch) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    values = np.zeros((96, 96, 3), np.uint16)
    values[:, 48:] = (used, used // 2, used // 4)
    data = imagecodecs.jpeg2k_encode(values, level=0, reversible=True)
    expected = (np.array([used, used // 2, used // 4]) / (4095 if used == 4000 else 65535) * 255).round()
    assert np.abs(np.array(at(seen(data), 0, 95)) - expected).max() <= 1
    # Without the library: Pillow's 8 bits where they tell all of it, else a reason.
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with Image.open(io.BytesIO(data)) as picture:
        if used == 4000:
            with pytest.raises(ImageError, match=r"fewer bits .*clipseek\[formats\]"):
                deep_colours(picture, data)
        else:
            assert deep_colours(picture, data) is None
