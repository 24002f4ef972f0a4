from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder, ImageError, Picture
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.images import Decoder, open_image, open_reduced
from clipseek.encoder.run import fast_jpeg as reduced_module
from clipseek.encoder.run.fast_jpeg import ENOUGH, LEAST_COSINE, choose_margin, large_jpegs, load_simplejpeg, reducible
from clipseek.encoder.run.picture import PictureLoader
from PIL import Image

from tests.unit.encoder.pictures.test_images import swapped_profile

LIMITS = ((255, 255, 255), 178.0, 256.0)


def photo(seed: int, size: tuple[int, int] = (900, 700), kind: str = "JPEG", turned: bool = False) -> bytes:
    """Smooth blobs of colour, as a photograph has them; ``turned`` by EXIF."""
    noise = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
    stream = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(stream, kind, quality=92, exif=exif)
    return stream.getvalue()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> ClipEncoder:
    pytest.importorskip("torch")
    from tests.models import make_tiny_bundle, make_tiny_clip

    home: Path = tmp_path_factory.mktemp("reduced")
    bundle: Bundle = make_tiny_bundle(make_tiny_clip(home / "checkpoint"), home / "bundle")
    return ClipEncoder(bundle, device="cpu")


@pytest.mark.parametrize(("edge", "scale"), [(600, 1), (350, 2), (175, 4), (32, 8)])
def test_a_jpeg_keeps_the_edge_that_is_asked_for(edge: int, scale: int) -> None:
    picture, full = open_reduced(photo(1), *LIMITS, edge)
    assert full == (900, 700)
    assert picture.size == (-(-900 // scale), -(-700 // scale))
    assert min(picture.size) >= edge


def test_the_full_size_is_that_of_the_upright_picture() -> None:
    picture, full = open_reduced(photo(1, turned=True), *LIMITS, 100)
    assert full == (700, 900)
    assert picture.size[0] < picture.size[1] < 900


def test_other_formats_and_the_plain_way_are_whole() -> None:
    assert open_reduced(photo(1, kind="PNG"), *LIMITS, 32)[0].size == (900, 700)
    assert open_image(photo(1)).size == (900, 700)


@pytest.mark.train
def test_vectors_decide(encoder: ClipEncoder) -> None:
    samples = [photo(seed) for seed in range(6)]
    assert all(reducible(encoder, data) for data in samples)
    assert not reducible(encoder, photo(1, size=(60, 60)))
    assert not reducible(encoder, photo(1, kind="PNG"))
    assert not reducible(encoder, b"\xff\xd8 no picture")
    found = choose_margin(encoder, samples)
    assert found.margin == encoder.loader.jpeg_margin in (1, 2)
    assert LEAST_COSINE <= found.cosine < 1
    assert found.speedup > 1
    picture = encoder.load_picture(samples[0])
    assert (picture.width, picture.height) == (900, 700)
    fast = encoder.encode_pictures([picture])[0]
    whole = encoder.encode_pictures([encoder.loader.load_reduced(samples[0], None)])[0]
    assert LEAST_COSINE <= float(fast @ whole) < 1
    assert choose_margin(encoder, []).margin is None
    assert encoder.loader.jpeg_margin is None


class Sensitive(ClipEncoder):
    """A model that sees no two pixels alike: any other decoding is another picture."""

    def encode_pictures(self, pictures):  # type: ignore[no-untyped-def]
        rows = [np.random.default_rng(int(np.abs(p.pixels).sum() * 1e3)).normal(size=self.dimension) for p in pictures]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32)


@pytest.mark.train
def test_a_model_that_would_see_something_else_gets_the_whole_picture(encoder: ClipEncoder) -> None:
    found = choose_margin(sensitive := Sensitive(encoder.bundle, device="cpu"), [photo(seed) for seed in range(4)])
    assert found.margin is sensitive.loader.jpeg_margin is None
    assert found.cosine < LEAST_COSINE


class TestTheOptionalDecoder:
    @pytest.mark.parametrize("mode", ["RGB", "L"])
    @pytest.mark.parametrize("turned", [False, True])
    def test_it_gives_what_pillow_gives(self, mode: str, turned: bool) -> None:
        pytest.importorskip("simplejpeg")
        exif = Image.Exif()
        if turned:
            exif[0x0112] = 6
        stream = io.BytesIO()
        Image.open(io.BytesIO(photo(3))).convert(mode).save(stream, "JPEG", quality=92, exif=exif)
        for edge in (200, 600, 2000):
            ours, full = open_reduced(stream.getvalue(), *LIMITS, edge, load_simplejpeg())
            theirs, expected = open_reduced(stream.getvalue(), *LIMITS, edge)
            assert full == expected == ((700, 900) if turned else (900, 700))
            assert min(ours.size) >= min(edge, 700)
            small = (45, 35)
            apart = np.abs(np.asarray(ours.resize(small), np.int16) - np.asarray(theirs.resize(small), np.int16))
            assert apart.max() <= 6
            if edge >= 600:  # the whole picture: the same pixels
                np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))

    def test_profiles_are_followed(self) -> None:
        pytest.importorskip("simplejpeg")
        stream = io.BytesIO()
        Image.new("RGB", (600, 600), (255, 0, 0)).save(stream, "JPEG", icc_profile=swapped_profile(), quality=95)
        pixels = np.asarray(open_reduced(stream.getvalue(), *LIMITS, 100, load_simplejpeg())[0])
        assert pixels[8, 8, 2] > 240
        assert pixels[8, 8, 0] < 30

    @pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
    def test_broken_files_are_refused_as_before(self, share: float) -> None:
        pytest.importorskip("simplejpeg")
        broken = photo(2)[: int(len(photo(2)) * share)]
        with pytest.raises(ImageError):
            open_reduced(broken, *LIMITS, 100, load_simplejpeg())

    def test_what_it_cannot_do_pillow_does(self) -> None:
        asked: list[str] = []

        def unable(data: bytes, edge: int, mode: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
            asked.append(mode)
            raise ValueError("odd marker")

        assert open_reduced(photo(1), *LIMITS, 175, unable)[0].size == (225, 175)
        assert asked == ["RGB"]
        cmyk = io.BytesIO()
        Image.new("CMYK", (600, 600)).save(cmyk, "JPEG")
        assert open_reduced(cmyk.getvalue(), *LIMITS, 100, unable)[0].size == (150, 150)
        assert open_reduced(photo(1, kind="PNG"), *LIMITS, 100, unable)[0].size == (900, 700)
        assert asked == ["RGB"]  # nobody asked it for these

    @pytest.mark.train
    @pytest.mark.parametrize(("seconds", "taken"), [(1, "simplejpeg"), (3, "Pillow")])
    def test_the_faster_one_that_passes_is_taken(
        self, encoder: ClipEncoder, seconds: float, taken: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [0.0]

        class Timed(PictureLoader):
            """Ten seconds for a whole picture, two for Pillow's fraction."""

            def load_reduced(
                self, data: bytes, margin: int | None, decoder: Decoder | None = None, crop: Crop | None = None
            ) -> Picture:
                now[0] += 10 if margin is None else 2 if decoder is None else seconds
                return super().load_reduced(data, margin, decoder, crop)

        def decode(data: bytes, edge: int, mode: str) -> Any:
            return np.asarray(open_reduced(data, *LIMITS, edge)[0])

        monkeypatch.setattr(reduced_module, "load_simplejpeg", lambda: decode)
        timed = ClipEncoder(encoder.bundle, device="cpu")
        timed.loader = Timed(encoder.bundle.image, timed.stages)
        found = choose_margin(timed, [photo(seed) for seed in range(3)], lambda: now[0])
        assert found.margin == timed.loader.jpeg_margin is not None
        assert (found.decoder, found.speedup) == (taken, 10 / min(2, seconds))
        assert timed.loader.jpeg_decoder is (decode if taken == "simplejpeg" else None)

    @pytest.mark.train
    def test_one_that_shows_something_else_is_not_taken(
        self, encoder: ClipEncoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
        monkeypatch.setattr(reduced_module, "load_simplejpeg", lambda: lambda data, edge, mode: noise)
        found = choose_margin(encoder, [photo(seed) for seed in range(3)])
        assert found.margin is None or found.decoder == "Pillow"
        assert encoder.loader.jpeg_decoder is None
        encoder.loader.jpeg_margin = None


@pytest.mark.train
def test_large_jpegs_are_drawn_up_to_enough(encoder: ClipEncoder) -> None:
    files = iter(
        [photo(0, kind="PNG"), b"no picture", photo(1, size=(20, 20)), *(photo(number) for number in range(20))]
    )
    found = large_jpegs(encoder, files)
    assert found == [photo(number) for number in range(ENOUGH)]
    assert len(list(files)) == 20 - ENOUGH  # no more is read than is needed
