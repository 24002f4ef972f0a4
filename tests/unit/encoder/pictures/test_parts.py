"""What one file becomes: tiles that cover a scene, pages, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.formats import outline
from clipseek.encoder.pictures.formats.asked import Asked
from clipseek.encoder.pictures.formats.outline import Outline, outline_here, parts_of
from clipseek.encoder.pictures.formats.registry import BY_NAME
from clipseek.encoder.pictures.parts import Parting, crop_of
from clipseek.encoder.pictures.rules import Rules
from PIL import Image

from tests.made.pillows import write
from tests.made_files import chunk


@pytest.mark.parametrize(
    ("width", "height", "tiles"), [(513, 100, "512"), (1000, 1000, "256,64"), (4096, 512, "512,256"), (700, 9, "64,1")]
)
def test_tiles_cover_a_scene_and_have_one_size(width: int, height: int, tiles: str) -> None:
    parting = Parting.read(tiles)
    assert parting is not None
    assert parting.tiles is not None
    parts = parting.tiles_of(width, height)
    seen = np.zeros((height, width), np.uint8)
    for part in parts:
        left, top, right, bottom = part.crop.box(width, height)
        assert (right - left, bottom - top) == (min(parting.tiles, width), min(parting.tiles, height))
        seen[top:bottom, left:right] += 1
    assert seen.all()
    assert len({part.name for part in parts}) == len(parts) == parts[0].count
    assert [crop_of(part.as_dict("x")) for part in parts] == [part.crop for part in parts]


@pytest.mark.parametrize(
    ("tiles", "why"), [("7", "too small"), ("64,33", "at most half"), ("a", "512,64"), ("64,", "no size")]
)
def test_sizes_that_cannot_be(tiles: str, why: str) -> None:
    with pytest.raises(ImageError, match=why):
        Parting.read(tiles)


def test_what_stays_one_picture() -> None:
    data = write(np.zeros((40, 60, 3), np.uint8), "PNG")
    assert parts_of(data, Parting(64)) == ()
    assert parts_of(data, Parting(every=("page", "frame", "slice"))) == ()
    assert [part.name for part in parts_of(data, Parting(40))] == ["tile=0,0,40,40", "tile=20,0,40,40"]
    with pytest.raises(ImageError, match="at most 50,000 are made"):
        Parting(8).tiles_of(4000, 4000)


def test_tiles_are_of_the_picture_as_it_is_shown() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = write(np.zeros((40, 90, 3), np.uint8), "JPEG", exif=exif.tobytes())
    assert [part.name for part in parts_of(data, Parting(64))] == ["tile=0,0,40,64", "tile=0,26,40,64"]
    plain = write(np.zeros((40, 90, 3), np.uint8), "PNG")
    data = plain[:-12] + chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + plain[-12:]  # behind the pixels
    assert [part.name for part in parts_of(data, Parting(64))] == ["tile=0,0,40,64", "tile=0,26,40,64"]


def test_a_file_of_several_is_not_measured_too(monkeypatch: pytest.MonkeyPatch) -> None:
    known = BY_NAME["TIFF"]
    data = write(np.zeros((40, 90, 3), np.uint8), "TIFF", save_all=True, append_images=[Image.new("RGB", (90, 40))])
    asked = Asked(Rules(), 100)
    assert outline_here(data, known, asked, counted=True, sized=True) == Outline((1, 2))
    monkeypatch.setattr(outline, "_numbers", None)  # not asked
    assert outline_here(data, known, asked, counted=False, sized=True) == Outline((1,), 90, 40)


@pytest.mark.parametrize("text", ["page=3", "page=12,1,2,30,40", "10%,20%,30%,40%"])
def test_a_page_is_read_as_it_is_written(text: str) -> None:
    crop = Crop.read(text)
    assert str(crop) == text
    assert Crop.read("slice=3") == Crop.read("frame=3") == Crop.whole(3)


def test_a_page_that_is_not_there() -> None:
    from clipseek.encoder.pictures.images import open_image

    data = write(np.zeros((40, 60, 3), np.uint8), "PNG")
    assert open_image(data, crop=Crop.whole(1)).size == (60, 40)
    with pytest.raises(ImageError, match="it has no page 2, only 1"):
        open_image(data, crop=Crop.whole(2))
