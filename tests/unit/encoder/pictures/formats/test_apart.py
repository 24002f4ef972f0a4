"""Files that are decoded in a worker: what is missing, what breaks, what is imported where."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.formats import registry
from clipseek.encoder.pictures.formats.registry import FORMATS, Format
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.rules import Rules

from tests.made import dicoms, others, pillows, tiffs
from tests.made.scene import Sample, colour, grey

_LIBRARIES = {name for known in FORMATS for name in known.modules} | {*registry.TIFF_MODULES}
_EXTRA = [*others.samples(), *dicoms.samples()]


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_installed", lambda module: False)


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("known", [known for known in FORMATS if known.modules], ids=lambda known: known.name)
def test_without_the_extra_a_file_is_refused_with_the_line_that_installs_it(known: Format) -> None:
    data = next(sample for sample in _EXTRA if sample.format == known.name).make()
    with pytest.raises(ImageError, match=rf"^{known.name} is read by .*pip install 'clipseek\[formats\]'$"):
        open_picture(data, Rules())


def test_a_tiff_of_many_bands_names_the_option() -> None:
    data = tiffs.write(np.zeros((5, 48, 64), np.uint8), planarconfig="separate", photometric="minisblack")
    with pytest.raises(ImageError, match=r"it has 5 bands .* --bands 3,2,1"):
        open_picture(data, Rules())
    with pytest.raises(ImageError, match="it has 5 bands, --bands asks for 4,6,2"):
        open_picture(data, Rules(bands=(4, 6, 2)))


def test_bands_do_not_touch_pictures_of_three() -> None:
    seen = open_picture(tiffs.write(colour()), Rules(bands=(3, 2, 1)))
    assert (seen.pixels == colour()).all()


@pytest.mark.parametrize("cut", [0.5, 0.9])
@pytest.mark.parametrize("sample", [*_EXTRA[::9], *list(pillows.samples())[::5]], ids=lambda sample: sample.name)
def test_a_file_cut_off_has_a_reason_on_one_line_or_is_read(sample: Sample, cut: float) -> None:
    data = sample.make()
    reason = "read all the same"
    try:
        open_picture(data[: int(len(data) * cut)], Rules())
    except ImageError as problem:
        reason = str(problem)
    assert reason
    assert "\n" not in reason
    assert len(reason) < 600


def test_a_file_that_decoders_crash_on_costs_itself(capfd: pytest.CaptureFixture[str]) -> None:
    data = others.crashing()
    with pytest.raises(ImageError, match="its decoder crashed"):
        open_picture(data, Rules())
    assert open_picture(dicoms.write(dicoms.dataset(grey())), Rules()).width == 64
    assert capfd.readouterr() == ("", "")


def test_what_a_decoder_prints_is_said_with_its_file(capfd: pytest.CaptureFixture[str]) -> None:
    # A page that names itself as the next: tifffile warns, and reads it.
    data = bytearray(tiffs.write(np.zeros((2, 48, 64), np.uint8), planarconfig="separate", extrasamples=[2]))
    entries = int.from_bytes(data[8:10], "little")
    data[10 + entries * 12 : 14 + entries * 12] = (8).to_bytes(4, "little")
    seen = open_picture(bytes(data), Rules(bands=(1,)))
    assert "circular" in seen.said
    assert open_picture(tiffs.write(grey()), Rules()).said == ""
    assert capfd.readouterr() == ("", "")


def test_no_reference_of_a_drawing_leaves_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(pillows.write(np.zeros((48, 64, 3), np.uint8), "PNG"))
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    for href in (str(secret), secret.as_uri(), "secret.png"):
        image = f'<image {{}}="{href}" width="64" height="48"/>'
        for name in ("href", "xlink:href", " href"):
            drawing = f'<svg {names} width="64" height="48">{image.format(name)}</svg>'
            assert (open_picture(drawing.encode(), Rules()).pixels == 255).all()


def test_plain_pictures_start_no_worker_and_import_no_library(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        (tmp_path / kind).write_bytes(pillows.write(colour(), kind))
    code = (
        "import sys, subprocess\nfrom pathlib import Path\n"
        "subprocess.Popen = None\n"
        "from clipseek.encoder.pictures.images import open_image\n"
        f"for path in Path({str(tmp_path)!r}).iterdir():\n    open_image(path.read_bytes())\n"
        f"print(sorted(sys.modules.keys() & {sorted(_LIBRARIES)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("inside", [False, True])
def test_a_large_pyramid_is_read_from_a_level(bigtiff: bool, inside: bool) -> None:
    data = _pyramid(bigtiff, inside)
    began = time.perf_counter()
    whole = open_picture(data, Rules())
    seconds = time.perf_counter() - began
    assert whole.picture.size == (4200, 4200)
    assert whole.pixels[9, 9, 0] == 0
    began = time.perf_counter()
    seen = open_picture(data, Rules(), edge=224)
    assert time.perf_counter() - began < seconds / 2
    assert (seen.width, seen.height) == (4200, 4200)
    assert seen.picture.size == (525, 525)
    assert any(rule.startswith("size:") for rule in seen.met)


def _pyramid(bigtiff: bool, inside: bool) -> bytes:
    """4,200 pixels wide, 12 bits, with three levels, each lighter than the one before."""
    stream, base = io.BytesIO(), np.zeros((4200, 4200), np.uint16)
    options: dict[str, Any] = {"photometric": "minisblack", "tile": (256, 256), "metadata": None, "compression": "zlib"}
    with tifffile.TiffWriter(stream, bigtiff=bigtiff) as file:
        file.write(base, subifds=3 if inside else None, **options)
        for level in (1, 2, 3):
            copy = base[:: 2**level, :: 2**level] + np.uint16(1000 * level)
            file.write(copy, subfiletype=1, **options)
    return stream.getvalue()
