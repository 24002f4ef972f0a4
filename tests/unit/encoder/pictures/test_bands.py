"""Large scenes in bands of rows: the same pixels as those of the whole, reduced or cut, for every kind that is read so."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import tifffile
from clipseek.encoder.pictures import size
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.formats import tiff_windows
from clipseek.encoder.pictures.formats.asked import Asked
from clipseek.encoder.pictures.formats.registry import BY_NAME
from clipseek.encoder.pictures.formats.sniffing import format_of
from clipseek.encoder.pictures.formats.task import read_here
from clipseek.encoder.pictures.pillow import png_rows
from clipseek.encoder.pictures.pillow.reading import read_by_pillow
from clipseek.encoder.pictures.pixels import bands
from clipseek.encoder.pictures.pixels.decoded import Decoded
from clipseek.encoder.pictures.pixels.painted import Painted
from clipseek.encoder.pictures.pixels.painting import paint
from clipseek.encoder.pictures.pixels.rendering import Seen
from clipseek.encoder.pictures.pixels.survey import Scale, scale_of
from clipseek.encoder.pictures.rules import DEPTH_RANGES, Rules
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 403, 305
CROPS = [Crop(0, 0, 64, 64), Crop(100, 33, 64, 64), Crop(WIDTH - 64, HEIGHT - 64, 64, 64), Crop(7, 240, 64, 9)]


def scene(count: int, kind: str = "u1", most: float | None = None) -> NDArray[Any]:
    """(HEIGHT, WIDTH, count), smooth, with a stray pixel."""
    rng = np.random.default_rng(7)
    small = (rng.random((9, 11, count)) * 65535).astype(np.float32)
    planes = [
        np.asarray(Image.fromarray(small[..., one]).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
        for one in range(count)
    ]
    dtype = np.dtype(kind)
    most = float(np.iinfo(dtype).max if dtype.kind in "ui" and most is None else most or 1)
    values = (np.stack(planes, -1) / 65535 * most).astype(dtype)
    values[200, 300] = most if dtype.kind == "f" else np.iinfo(dtype).max // 2
    return values[..., 0] if count == 1 else values


def framed(kind: str, nothing: float) -> NDArray[Any]:
    values = scene(1, kind, 4000)
    values[:40], values[:, :60], values[-30:] = nothing, nothing, nothing
    return values


def tiff(values: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **{"metadata": None, "photometric": "minisblack", **options})
    return stream.getvalue()


def pillow(values: NDArray[Any], kind: str, mode: str | None = None, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture = Image.fromarray(values)
    (picture.convert(mode) if mode else picture).save(stream, kind, **options)
    return stream.getvalue()


def png16(count: int) -> bytes:
    import struct

    from tests.made_files import chunk

    values = scene(count, "u2", 4095).reshape(HEIGHT, WIDTH, count).astype(">u2")
    rows = values.reshape(HEIGHT, -1).view(np.uint8)
    step, lines = 2 * count, bytearray()
    for number, row in enumerate(rows):  # every filter but Paeth's and the mean's, of bytes
        if number % 3 == 1:
            left = np.concatenate([np.zeros(step, np.uint8), row[:-step]])
            lines += b"\1" + (row - left).tobytes()
        elif number % 3 == 2:
            lines += b"\2" + (row - rows[number - 1]).tobytes()
        else:
            lines += b"\0" + row.tobytes()
    import zlib

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, {1: 0, 2: 4, 3: 2, 4: 6}[count], 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(lines))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


RGB: dict[str, Any] = {"photometric": "rgb"}
MADE: dict[str, Callable[[], bytes]] = {
    "png 16 grey": lambda: png16(1),
    "png 16 grey alpha": lambda: png16(2),
    "png 16 rgb": lambda: png16(3),
    "png 16 rgba": lambda: png16(4),
    "png interlaced": lambda: pillow(scene(3), "PNG"),
    "tiff strips lzw": lambda: pillow(scene(3), "TIFF", compression="tiff_lzw"),
    "tiff strips jpeg": lambda: pillow(scene(3), "TIFF", compression="jpeg", quality=95),
    "tiff palette": lambda: pillow(scene(3), "TIFF", "P", compression="packbits"),
    "tiff one bit": lambda: pillow(scene(1), "TIFF", "1", compression="group4"),
    "tiff cmyk": lambda: pillow(scene(4), "TIFF", "CMYK", compression="tiff_adobe_deflate"),
    "tiff tiles jpeg": lambda: tiff(scene(3), tile=(64, 80), compression="jpeg", **RGB),
    "tiff tiles u2": lambda: tiff(scene(1, "u2", 4095), tile=(32, 64), compression="zlib", predictor=True),
    "tiff strips u2 rgb": lambda: tiff(scene(3, "u2", 1023), rowsperstrip=7, compression="zlib", **RGB),
    "tiff one strip u2": lambda: tiff(scene(1, "u2", 4095), rowsperstrip=HEIGHT),
    "tiff one strip deflated": lambda: tiff(
        scene(3, "u2", 4095), rowsperstrip=HEIGHT, compression="zlib", predictor=True, **RGB
    ),
    "tiff two strips deflated": lambda: tiff(scene(3, "u2", 4095), rowsperstrip=160, compression="zlib", **RGB),
    "tiff window": lambda: tiff(
        scene(1, "u2", 4095), tile=(64, 64), extratags=[(340, 3, 1, 500, True), (341, 3, 1, 3000, True)]
    ),
    "tiff window of floats": lambda: tiff(
        scene(1, "f4"), rowsperstrip=9, extratags=[(340, 11, 1, 0.25, True), (341, 11, 1, 0.5, True)]
    ),
    "tiff bits in use": lambda: tiff(scene(1, "u2", 900), rowsperstrip=9, extratags=[(281, 3, 1, 4095, True)]),
    "tiff big endian": lambda: tiff(scene(1, "u2", 4095), byteorder=">", rowsperstrip=11),
    "tiff big": lambda: tiff(scene(3, "u2", 4095), bigtiff=True, tile=(64, 64), compression="zstd", **RGB),
    "tiff float": lambda: tiff(framed("f4", np.nan), tile=(64, 64), compression="zlib", predictor=3),
    "tiff float nothing": lambda: tiff(framed("f4", -9999), tile=(64, 64)),
    "tiff int16 nothing": lambda: tiff(framed("i2", -32768), rowsperstrip=9),
    "tiff named nothing": lambda: tiff(framed("u2", 0), tile=(64, 64), extratags=[(42113, 2, 2, "0", True)]),
    "tiff inverted": lambda: tiff(scene(1, "u2", 4095), photometric="miniswhite", rowsperstrip=20),
    "tiff planes": lambda: tiff(
        np.moveaxis(scene(5, "u2", 4095), -1, 0), planarconfig="separate", rowsperstrip=13, compression="lzw"
    ),
    "tiff planes plain": lambda: tiff(np.moveaxis(scene(5, "u2", 4095), -1, 0), planarconfig="separate"),
    "tiff alpha": lambda: tiff(scene(4, "u2"), extrasamples=["unassalpha"], tile=(48, 48), **RGB),
    "tiff premultiplied": lambda: tiff(scene(4, "u2"), extrasamples=["assocalpha"], tile=(48, 48), **RGB),
    "gif": lambda: pillow(scene(3), "GIF"),
    "bmp": lambda: pillow(scene(3), "BMP"),
    "webp": lambda: pillow(scene(4), "WEBP", lossless=True),
    "ppm": lambda: pillow(scene(1, "u2", 4095), "PPM"),
}


@pytest.fixture
def bands_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_rows, "_BAND", 20_000)
    monkeypatch.setattr(tiff_windows, "_BAND", 20_000)
    monkeypatch.setattr(bands, "_PAINTED_AT_ONCE", 12_000)


def read(data: bytes, rules: Rules, edge: int | None = None, crops: list[Crop] | None = None) -> list[Seen]:
    known = format_of(data)
    assert known is not None
    return read_here(data, known, Asked(rules, 178, edge), crops or [])


@pytest.mark.usefixtures("bands_are_small")
@pytest.mark.parametrize("name", MADE)
def test_bands_are_the_whole_reduced_and_cut(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = MADE[name]()
    for depth in DEPTH_RANGES if "16" in name or "u2" in name or "nothing" in name else DEPTH_RANGES[:1]:
        rules = Rules((10, 200, 30), depth, (4, 3, 2) if "planes" in name else ())
        monkeypatch.setattr(size, "LARGE", 16_000_000)
        (whole,) = read(data, rules)
        monkeypatch.setattr(size, "LARGE", 10_000)
        (seen,) = read(data, rules, 32)
        assert (seen.width, seen.height) == (WIDTH, HEIGHT)
        more = {rule.partition(":")[0] for rule in set(seen.met) ^ set(whole.met)} - {"format.tiff"}
        assert more in ({"size.bands"}, {"size.png"})
        np.testing.assert_array_equal(seen.pixels, np.asarray(whole.picture.reduce(4)))
        assert seen.facts == whole.facts
        if name.startswith("tiff") and "planes" not in name and "big" not in name:  # as without tifffile
            (seen,) = read_by_pillow(data, BY_NAME["TIFF"], Asked(rules, 178, 32))
            np.testing.assert_array_equal(seen.pixels, np.asarray(whole.picture.reduce(4)))
        for part, crop in zip(read(data, rules, None, CROPS), CROPS, strict=True):
            np.testing.assert_array_equal(part.pixels, np.asarray(whole.picture.crop(crop.box(WIDTH, HEIGHT))))
            assert (part.width, part.height) == part.picture.size


@pytest.mark.usefixtures("bands_are_small")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["u1", "u2", "PNG"])
def test_a_turned_scene_is_cut_where_it_is_shown(orientation: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "PNG":
        exif = Image.Exif()
        exif[274] = orientation
        data = pillow(scene(3)[:304, :400], "PNG", exif=exif)
    else:
        tag = [(274, 3, 1, orientation, True)]
        data = tiff(scene(1, kind, 200)[:304, :400], tile=(64, 64), extratags=tag)
    monkeypatch.setattr(size, "LARGE", 16_000_000)
    (whole,) = read(data, Rules())
    monkeypatch.setattr(size, "LARGE", 10_000)
    (seen,) = read(data, Rules(), 32)
    assert (seen.width, seen.height) == (whole.width, whole.height)
    np.testing.assert_array_equal(seen.pixels, np.asarray(whole.picture.reduce(4)))
    crop = Crop(20, 50, 100, 60)
    (part,) = read(data, Rules(), None, [crop])
    np.testing.assert_array_equal(part.pixels, np.asarray(whole.picture.crop((20, 50, 120, 110))))


@pytest.mark.usefixtures("bands_are_small")
@pytest.mark.parametrize(
    "name", ["png 16 rgb", "tiff strips u2 rgb", "tiff one strip u2", "tiff one strip deflated", "tiff float"]
)
def test_a_scene_that_ends_early_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = MADE[name]()
    monkeypatch.setattr(size, "LARGE", 10_000)
    with pytest.raises(ImageError):
        read(data[: len(data) * 2 // 3], Rules(), 32)


def test_a_crop_that_is_not_inside_a_large_scene_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "LARGE", 10_000)
    with pytest.raises(ImageError, match="ends outside the picture, which has 403 x 305"):
        read(MADE["tiff float"](), Rules(), None, [Crop(400, 0, 64, 64)])


@pytest.mark.usefixtures("bands_are_small")
@pytest.mark.parametrize("name", ["png 16 rgb", "tiff two strips deflated", "ppm"])
def test_rows_above_a_crop_are_not_painted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list[int]()

    def counted(decoded: Decoded, *rest: Any) -> Painted:
        rows.append(len(decoded.values))
        return paint(decoded, *rest)

    monkeypatch.setattr(bands, "paint", counted)
    monkeypatch.setattr(size, "LARGE", 10_000)
    read(MADE[name](), Rules(), None, [Crop(0, 250, 64, 40)])
    assert 40 <= sum(rows) <= 40 + 2 * max(rows)


def test_of_deflated_strips_those_above_a_crop_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_windows, "_BAND", 20_000)
    data = MADE["tiff two strips deflated"]()
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        rows = tiff_windows.TiffRows.read(data, file.pages.first.offset)
    assert rows is not None
    assert rows.split
    assert [rows.starting(row)[0] for row in (0, 159, 160, HEIGHT - 1)] == [0, 0, 160, 160]


def test_of_a_scene_whose_file_says_what_is_black_and_white_one_band_is_surveyed() -> None:
    def found() -> Iterator[Decoded]:
        yield Decoded(scene(1, "u2", 4095)[..., None], "grey", window=(500.0, 3000.0))
        raise AssertionError("another is asked for")

    assert scale_of(found(), 2 * HEIGHT, Rules()) == Scale(500.0, 3000.0)
