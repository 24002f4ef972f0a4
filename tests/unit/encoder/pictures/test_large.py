"""Large scenes that are read at a fraction: the same pixels as a reduction of the whole, without its memory."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.pillow import png_rows
from clipseek.encoder.pictures.rules import Rules
from PIL import Image

from tests.made_files import chunk

_PEAK = """
import resource, sys
from pathlib import Path
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.rules import Rules
data = Path(sys.argv[1]).read_bytes()
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = peak()
seen = open_picture(data, Rules(), edge=224)
print((peak() - before) // 1000, seen.width, seen.height, *seen.picture.size)
"""


def drawn(width: int, height: int, mode: str = "RGB") -> Image.Image:
    small = np.random.default_rng(1).integers(0, 256, (9, 11, 4), np.uint8)
    picture = Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)
    return picture.convert("RGB").quantize(64) if mode == "P" else picture.convert(mode)


@pytest.fixture
def small_counts_as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipseek.encoder.pictures.size.LARGE", 10_000)
    monkeypatch.setattr(png_rows, "_BAND", 20_000)


@pytest.mark.usefixtures("small_counts_as_large")
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "1"])
def test_bands_of_a_png_are_its_reduction(mode: str) -> None:
    picture, stream = drawn(403, 305, mode), io.BytesIO()
    picture.save(stream, "PNG")
    whole = open_picture(stream.getvalue(), Rules())
    seen = open_picture(stream.getvalue(), Rules(), edge=32)
    assert (seen.width, seen.height) == (403, 305)
    assert seen.picture.size == (101, 77)
    assert "size.png:2" in seen.met
    np.testing.assert_array_equal(seen.pixels, np.asarray(whole.picture.reduce(4)))


@pytest.mark.usefixtures("small_counts_as_large")
@pytest.mark.parametrize("transparent", [slice(None, 153), slice(153, None)])
def test_bands_are_as_transparent_as_the_whole(transparent: slice) -> None:
    pixels, stream = np.full((306, 403, 4), 255, np.uint8), io.BytesIO()
    pixels[transparent, :, 3] = 0
    Image.fromarray(pixels).save(stream, "PNG")
    seen = open_picture(stream.getvalue(), Rules(), edge=32)
    assert seen.picture.size == (101, 77)
    assert seen.facts == ("transparent: 50% of it shows the background",)
    assert seen.facts == open_picture(stream.getvalue(), Rules()).facts


@pytest.mark.usefixtures("small_counts_as_large")
def test_exif_behind_the_pixels_turns_a_large_png() -> None:
    exif, stream = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    drawn(403, 305).save(stream, "PNG")
    data, end = stream.getvalue()[:-12], stream.getvalue()[-12:]
    turned = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    for seen in (open_picture(data + turned + end, Rules(), edge=edge) for edge in (None, 32)):
        assert (seen.width, seen.height) == (305, 403)
        assert seen.facts == ("orientation: 6",)
    assert seen.picture.size == (77, 101)
    assert open_picture(data + turned[:20], Rules(), edge=32).width == 403  # cut off there, the pixels are whole


@pytest.mark.usefixtures("small_counts_as_large")
def test_a_png_that_ends_early_is_refused() -> None:
    stream = io.BytesIO()
    drawn(403, 305).save(stream, "PNG")
    with pytest.raises(ImageError, match="truncated"):
        open_picture(stream.getvalue()[: len(stream.getvalue()) // 2], Rules(), edge=32)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_png_takes_little_memory(tmp_path: Path) -> None:
    drawn(5000, 5000).save(tmp_path / "a.png", compress_level=1)
    command = [sys.executable, "-c", _PEAK, str(tmp_path / "a.png")]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert found[1:] == ["5000", "5000", "455", "455"]
    assert int(found[0]) < 60  # MB; the whole takes 100 and its RGB another 100
