from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.images import open_image, open_reduced
from clipseek.encoder.reduced import LEAST_COSINE, choose_margin, reducible
from PIL import Image

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


def test_vectors_decide(encoder: ClipEncoder) -> None:
    samples = [photo(seed) for seed in range(6)]
    assert all(reducible(encoder, data) for data in samples)
    assert not reducible(encoder, photo(1, size=(60, 60)))
    assert not reducible(encoder, photo(1, kind="PNG"))
    assert not reducible(encoder, b"\xff\xd8 no picture")
    found = choose_margin(encoder, samples)
    assert found.margin == encoder.jpeg_margin in (1, 2)
    assert LEAST_COSINE <= found.cosine < 1
    assert found.speedup > 1
    picture = encoder.load_picture(samples[0])
    assert (picture.width, picture.height) == (900, 700)
    fast = encoder.encode_pictures([picture])[0]
    whole = encoder.encode_pictures([encoder.load_reduced(samples[0], None)])[0]
    assert LEAST_COSINE <= float(fast @ whole) < 1
    assert choose_margin(encoder, []).margin is None
    assert encoder.jpeg_margin is None


class Sensitive(ClipEncoder):
    """A model that sees no two pixels alike: any other decoding is another picture."""

    def encode_pictures(self, pictures):  # type: ignore[no-untyped-def]
        rows = [np.random.default_rng(int(np.abs(p.pixels).sum() * 1e3)).normal(size=self.dimension) for p in pictures]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32)


def test_a_model_that_would_see_something_else_gets_the_whole_picture(encoder: ClipEncoder) -> None:
    found = choose_margin(sensitive := Sensitive(encoder.bundle, device="cpu"), [photo(seed) for seed in range(4)])
    assert found.margin is sensitive.jpeg_margin is None
    assert found.cosine < LEAST_COSINE
