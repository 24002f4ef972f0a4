"""Every kind of file that a folder of pictures holds: what becomes of it, pixel by pixel, or the reason it is refused."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import warnings
import zlib
from typing import Any

import numpy as np
import PIL
import pytest
from clipseek.encoder import ImageError
from clipseek.encoder.pictures.images import open_image
from PIL import Image, ImageCms, features

from tests.sizes import sized

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def quarters(width: int = 40, height: int = 30) -> Image.Image:
    """Red, green / blue, black: any turn or mirroring shows."""
    picture = Image.new("RGB", (width, height))
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    width, height = picture.size
    points = [(3, 3), (width - 4, 3), (3, height - 4), (width - 4, height - 4)]
    return [tuple(round(v / 255) * 255 for v in np.asarray(picture)[y, x]) for x, y in points]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("JPEG", {"progressive": True, "quality": 95}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 90}),
        ("GIF", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("BMP", {}),
        ("PPM", {}),
        ("ICO", {"sizes": [(40, 30)]}),
        pytest.param(
            "AVIF",
            {},
            marks=pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF"),
        ),
    ],
    ids=str,
)
def test_common_formats(kind: str, options: dict[str, Any]) -> None:
    picture = open_image(encoded(quarters(), kind, **options))
    assert picture.mode == "RGB"
    assert picture.size == (40, 30)
    assert corners(picture) == [RED, GREEN, BLUE, (0, 0, 0)]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_turns(orientation: int, kind: str) -> None:
    # What undoes each orientation, by the EXIF standard; the file holds the undone picture and must come out upright.
    turns = Image.Transpose
    undo: dict[int, Image.Transpose | None] = {
        1: None,
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_90,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_270,
    }
    stored, turn = quarters(), undo[orientation]
    if turn is not None:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    picture = open_image(encoded(stored, kind, exif=exif, **options))
    assert picture.size == (40, 30)
    assert corners(picture) == [RED, GREEN, BLUE, (0, 0, 0)]


def test_broken_exif_is_as_good_as_none() -> None:
    data = encoded(quarters(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40, quality=95)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert corners(open_image(data)) == [RED, GREEN, BLUE, (0, 0, 0)]


def test_cmyk_jpeg() -> None:
    picture = open_image(encoded(quarters().convert("CMYK"), "JPEG", quality=95, subsampling=0))
    assert picture.mode == "RGB"
    assert corners(picture) == [RED, GREEN, BLUE, (0, 0, 0)]


@pytest.mark.parametrize(
    "mode",
    [
        "L",
        "1",
        "P",
        pytest.param(
            "YCbCr",
            marks=pytest.mark.skipif(
                int(PIL.__version__.split(".")[0]) < 13, reason="Pillow read no YCbCr TIFF before 13"
            ),
        ),
        "HSV",
        "LAB",
    ],
)
def test_other_modes(mode: str) -> None:
    grey = Image.new("RGB", (20, 20), (255, 255, 255))
    grey.paste((0, 0, 0), (10, 0, 20, 20))
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        converted: Any = ImageCms.profileToProfile(grey, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    else:
        converted = grey.convert(mode)
    kind = "TIFF" if mode in ("LAB", "YCbCr") else "PNG"
    if mode == "HSV":  # no format stores it; the conversion alone
        from clipseek.encoder.pictures.pillow.flat import flat

        pixels = np.asarray(flat(converted, b"", (0, 0, 0), None).picture)
    else:
        pixels = np.asarray(open_image(encoded(converted, kind)))
    assert pixels.shape == (20, 20, 3)
    assert (pixels[:, :9] > 250).all()
    assert (pixels[:, 11:] < 5).all()


@pytest.mark.parametrize(("used", "bright"), [(255, 255), (4095, 4095), (65535, 65535), (3000, 4095), (40_000, 65535)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_greys_are_scaled_by_the_depth_they_use(used: int, bright: int, kind: str) -> None:
    values = np.zeros((20, 20), np.uint16)
    values[:, 10:] = used
    pixels = np.asarray(open_image(encoded(Image.fromarray(values), kind)))
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[0, 15].tolist() == [round(used / bright * 255)] * 3


def test_float_greys_are_scaled_by_their_range_and_bad_numbers_are_harmless() -> None:
    values = np.linspace(-3, 5, 400, dtype=np.float32).reshape(20, 20)
    values[5, 5] = np.nan
    values[5, 6] = np.inf
    pixels = np.asarray(open_image(encoded(Image.fromarray(values), "TIFF")))
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[19, 19].tolist() == [255, 255, 255]


def test_16_bit_colours() -> None:
    # Pillow writes none, so by hand: a PNG of one pixel row, 16 bits a channel.
    row = struct.pack(">6H", 65535, 0, 0, 0, 0, 65535)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")
    )
    assert np.asarray(open_image(data)).tolist() == [[[255, 0, 0], [0, 0, 255]]]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_shows_the_background(kind: str) -> None:
    picture = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (10, 0, 20, 20))
    data = encoded(picture, kind, **({"lossless": True} if kind == "WEBP" else {}))
    for background in ((255, 255, 255), (1, 2, 3)):
        pixels = np.asarray(open_image(data, background))
        assert tuple(pixels[10, 3]) == background
        assert tuple(pixels[10, 16]) == BLUE


def test_half_transparency_is_mixed() -> None:
    pixels = np.asarray(open_image(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 128)), "PNG")))
    assert abs(int(pixels[0, 0, 0]) - 127) <= 1


def test_transparency_of_grey_palette_and_colour_key() -> None:
    grey = Image.new("LA", (8, 8), (0, 0))
    assert np.asarray(open_image(encoded(grey, "PNG"))).min() == 255
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([9, 9, 9, 200, 200, 200])
    assert np.asarray(open_image(encoded(palette, "PNG", transparency=0))).min() == 255
    assert np.asarray(open_image(encoded(palette, "PNG", transparency=b"\0\xff"))).min() == 255
    assert np.asarray(open_image(encoded(palette, "GIF", transparency=0))).min() == 255
    keyed = Image.new("RGB", (8, 8), (1, 2, 3))
    assert np.asarray(open_image(encoded(keyed, "PNG", transparency=(1, 2, 3)))).min() == 255


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_many(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert corners(open_image(data)) == [RED] * 4


def swapped_profile() -> bytes:
    """A profile whose red and blue are swapped against sRGB: whether it was used shows at once."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, blue = profile.index(b"rXYZ") + 4, profile.index(b"bXYZ") + 4  # where and how long, 8 bytes
    swapped = bytearray(profile)
    swapped[red : red + 8], swapped[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    # Its description must not say sRGB either, or it is taken for what it says.
    return (
        bytes(swapped)
        .replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
        .replace(b"sRGB built", b"swap built")
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colour_profiles_are_followed(mode: str) -> None:
    picture = Image.new("RGB", (16, 16), RED).convert(mode)
    pixels = np.asarray(open_image(encoded(picture, "PNG", icc_profile=swapped_profile())))
    assert pixels[8, 8, 2] > 240
    assert pixels[8, 8, 0] < 30


@pytest.mark.parametrize("profile", [b"", b"nonsense", b"\0" * 200, swapped_profile()[:180]])
def test_broken_profiles_are_as_good_as_none(profile: bytes) -> None:
    assert corners(open_image(encoded(quarters(), "PNG", icc_profile=profile)))[0] == RED


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_profiles_of_another_colour_space_are_as_good_as_none(mode: str) -> None:
    picture = Image.new("RGB", (16, 16), (255, 255, 255)).convert(mode)
    data = encoded(picture, "JPEG", icc_profile=swapped_profile())
    assert np.asarray(open_image(data)).min() > 250


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"this is a text file named .jpg\n", "not an image"),
        (b"\xff\xd8\xff\xe0", "not an image|truncated|cannot be decoded"),
        (b"<html><svg xmlns='http://www.w3.org/2000/svg'/></html>", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not an image"),
        (b"\0" * 5000, "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not an image|cannot be decoded"),
        (b"GIF89a\x01\x00\x01\x00", "cannot be decoded|not an image|truncated"),
        (b"PK\x03\x04" + b"\0" * 100, "not an image"),
    ],
)
def test_what_is_no_picture(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as caught:
        open_image(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_truncated_files_give_a_reason(kind: str, share: float) -> None:
    rng = np.random.default_rng(0)
    whole = encoded(Image.fromarray(rng.integers(0, 256, (90, 120, 3), dtype=np.uint8)), kind)
    with pytest.raises(ImageError) as caught:
        open_image(whole[: int(len(whole) * share)])
    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_damaged_files_give_a_picture_or_a_reason(kind: str) -> None:
    whole = encoded(quarters(64, 48), kind)
    rng = np.random.default_rng(1)
    for _ in range(sized(150, 10_000)):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 6):
            damaged[at] = rng.integers(0, 256)
        with contextlib.suppress(ImageError):  # anything else is a failure
            assert open_image(bytes(damaged), max_megapixels=1).mode == "RGB"


def enormous_png(side: int) -> bytes:
    """Some kilobytes that claim to be ``side`` squared; the header alone must be enough to refuse them."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 4096) + b"IDAT" + b"\0" * 4096


@pytest.mark.parametrize(("side", "megapixels"), [(20_000, "400"), (14_000, "196"), (13_350, "178.2")])
def test_enormous_pictures_are_refused_before_decoding(side: int, megapixels: str) -> None:
    with pytest.raises(ImageError, match=rf"{megapixels} megapixels, the limit is 178 \(--max-megapixels\)"):
        open_image(enormous_png(side))


def test_the_limit_can_be_lowered_and_raised() -> None:
    data = encoded(Image.new("L", (500, 400)), "PNG")
    assert open_image(data, max_megapixels=0.2).size == (500, 400)
    with pytest.raises(ImageError, match=r"500 x 400 has 0\.2 megapixels, the limit is 0\.1 "):
        open_image(data, max_megapixels=0.1)
    before = Image.MAX_IMAGE_PIXELS
    try:
        with pytest.raises(ImageError, match=r"truncated|decoded"):  # past the limit, the file's own fault shows
            open_image(enormous_png(20_000)[:60], max_megapixels=500)
    finally:
        Image.MAX_IMAGE_PIXELS = before


def test_file_size_limit() -> None:
    with pytest.raises(ImageError, match=r"has 3 MB, the limit is 2 \(--max-megabytes\)"):
        open_image(b"\0" * 3_000_000, max_megabytes=2)


def test_many_threads_in_a_fresh_process() -> None:
    """Pictures come to many threads while the first still loads Pillow's formats: none is missed, no warning filter stays."""
    code = """
import sys, time, warnings
from concurrent.futures import ThreadPoolExecutor
files = [bytes.fromhex(line) for line in sys.stdin]
from clipseek.encoder.pictures.images import open_image
before = list(warnings.filters)
sys.setswitchinterval(1e-6)  # threads take turns as often as they can: what can go wrong does
def work(at):
    time.sleep(at * 0.001)
    return [open_image(data).size for data in files for _ in range(5)]
with ThreadPoolExecutor(40) as pool:
    sizes = {size for each in pool.map(work, range(40)) for size in each}
assert sizes == {(40, 30)}, sizes
assert warnings.filters == before, warnings.filters
"""
    odd = {"exif": b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40}
    files = [encoded(quarters(), kind) for kind in ("WEBP", "TIFF", "PNG", "GIF")]
    files += [encoded(quarters(), "JPEG", **odd), encoded(quarters(), "PNG", icc_profile=swapped_profile())]
    given = "\n".join(data.hex() for data in files)
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
