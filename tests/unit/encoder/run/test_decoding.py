"""Pictures that processes decode are those that threads decode, and so are the reasons where there is none."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.pictures.crop import Crop, PictureFile
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.worker.pool import Pool
from clipseek.encoder.pictures.worker.process import Answer
from clipseek.encoder.run import clip, decoding
from clipseek.encoder.run.picture import Picture, PictureLoader
from clipseek.encoder.run.stages import Stages
from PIL import Image

from tests.shipped import TUNED


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool("clipseek.encoder.run.decoding:decode", size=2)
    yield made
    made.close()


def file_of(kind: str, size: tuple[int, int] = (300, 200)) -> bytes:
    pixels = np.random.default_rng(len(kind)).integers(0, 256, (size[1] // 20, size[0] // 20, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(stream, kind)
    return stream.getvalue()


def assert_same(one: Picture, other: Picture) -> None:
    for field in dataclasses.fields(Picture):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("crop", [None, Crop(10, 20, 120, 80), Crop(0.25, 0.5, 0.5, 0.5, "fractions")])
def test_a_process_decodes_what_a_thread_decodes(pool: Pool, kind: str, crop: Crop | None) -> None:
    loader = PictureLoader(Bundle.load(TUNED).image, Stages())
    data = file_of(kind)
    assert_same(decoding.load_aside(pool, loader, data, crop), loader.load(data, crop))
    assert loader.stages.snapshot()["decode"].calls == 2


@pytest.mark.parametrize(("data", "megapixels"), [(b"", None), (b"no picture", None), (file_of("PNG"), 0.01)])
def test_reasons_are_the_same(pool: Pool, data: bytes, megapixels: float | None) -> None:
    loader = PictureLoader(Bundle.load(TUNED).image, Stages(), megapixels)
    with pytest.raises(ImageError) as expected:
        loader.load(data)
    with pytest.raises(ImageError) as found:
        decoding.load_aside(pool, loader, data)
    assert str(found.value) == str(expected.value)


def test_processes_are_for_many_pictures_on_many_cores() -> None:
    assert decoding.processes_for(decoding.MANY - 1, cores=64) is None
    assert decoding.processes_for(None, cores=decoding.CORES - 1) is None
    assert decoding.processes_for(decoding.MANY, cores=decoding.CORES) is decoding.processes_for(None, cores=64)


@pytest.mark.parametrize("aside", [False, True])
def test_windows_keep_the_order_of_files(
    tmp_path: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch, aside: bool
) -> None:
    monkeypatch.setattr(clip, "processes_for", lambda pictures: pool if aside else None)
    encoder = ClipEncoder(Bundle.load(TUNED), device="cpu")
    files = []
    for number in range(11):
        path = tmp_path / f"{number}.png"
        path.write_bytes(file_of("PNG", (40 + number, 40)) if number % 4 else b"broken")
        files.append(PictureFile(path))
    windows = list(encoder.read_pictures(files, window=3))
    assert [len(window) for window in windows] == [3, 3, 3, 2]
    assert [file for window in windows for file, _ in window] == files
    found = [loaded for window in windows for _, loaded in window]
    assert [isinstance(loaded, str) or loaded.width for loaded in found] == [
        not number % 4 or 40 + number for number in range(11)
    ]


def test_a_long_job_moves_to_processes(monkeypatch: pytest.MonkeyPatch, pool: Pool) -> None:
    asked = list[bytes]()

    class Watched(Pool):
        def ask(self, data: bytes, words: Mapping[str, Any]) -> Answer:
            asked.append(data)
            return pool.ask(data, words)

    monkeypatch.setattr(clip, "processes_for", lambda pictures: Watched("none"))
    monkeypatch.setattr(clip, "FEW", 2)
    encoder, data = ClipEncoder(Bundle.load(TUNED), device="cpu"), file_of("JPEG")
    first = encoder.load_picture(data)
    encoder.decode_in_processes()
    for _ in range(4):
        assert_same(encoder.load_picture(data), first)
    assert len(asked) == 2
