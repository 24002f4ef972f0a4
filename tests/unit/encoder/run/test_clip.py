"""ClipEncoder against transformers' own processor, tokenizer and model on the same pictures and texts."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.run.clip import normalize_rows
from numpy.typing import NDArray
from PIL import Image

from tests.models import quiet

pytestmark = pytest.mark.train

TEXTS = [
    "a red cat",
    "",
    "a",
    "two dogs and a bird on the house with a blue flower",
    "A PHOTO of a Cat's hat, 1234!",
    "l'été — naïve café 日本 🐈",
    "tabs\tand\n\n  spaces ",
    "many words " * 40,
]


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (7, 5, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


PICTURES = [
    scene(w, h, seed)
    for seed, (w, h) in enumerate([(32, 32), (61, 40), (33, 90), (200, 131), (17, 9), (500, 40), (8, 8)])
]


@pytest.fixture(scope="module")
def oracle(checkpoint_folder: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit vectors of PICTURES and TEXTS by transformers alone."""
    with quiet():
        import torch
        from transformers import CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizerFast

        processor: Any = CLIPProcessor(
            CLIPImageProcessor.from_pretrained(checkpoint_folder), CLIPTokenizerFast.from_pretrained(checkpoint_folder)
        )
        model = CLIPModel.from_pretrained(checkpoint_folder).eval()
        given = processor(text=TEXTS, images=PICTURES, return_tensors="pt", padding=True, truncation=True)
        with torch.no_grad():
            out = model(**given)
        # CLIPModel's own normalisation, not ours.
        return out.image_embeds.numpy(), out.text_embeds.numpy()


@pytest.mark.parametrize("batch_size", [1, 2, 7, 32])
def test_equals_transformers(
    bundle: Bundle, oracle: tuple[NDArray[np.float32], NDArray[np.float32]], batch_size: int
) -> None:
    encoder = ClipEncoder(bundle, device="cpu", batch_size=batch_size)
    pictures = encoder.encode_pictures([encoder.load_picture(png(picture)) for picture in PICTURES])
    texts = encoder.encode_texts(TEXTS)
    np.testing.assert_allclose(pictures, oracle[0], atol=2e-6)
    np.testing.assert_allclose(texts, oracle[1], atol=2e-6)
    # The oracle tells inputs apart, so that equality means something.
    for vectors in oracle:
        similarity = vectors @ vectors.T - np.eye(len(vectors))
        assert similarity.max() < 0.9999


def test_vectors_are_float32_unit_rows(encoder: ClipEncoder) -> None:
    for vectors in (encoder.encode_texts(TEXTS), encoder.encode_pictures([encoder.load_picture(png(PICTURES[1]))] * 3)):
        assert vectors.dtype == np.float32
        assert vectors.shape[1] == encoder.dimension == 48
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_nothing_in_gives_nothing_out(encoder: ClipEncoder) -> None:
    assert encoder.encode_texts([]).shape == (0, 48)
    assert encoder.encode_pictures([]).shape == (0, 48)


def test_padding_changes_nothing(encoder: ClipEncoder) -> None:
    alone = encoder.encode_texts(["a red cat"])[0]
    beside_long = encoder.encode_texts(["many words " * 40, "a red cat"])[1]
    np.testing.assert_allclose(alone, beside_long, atol=1e-6)


def test_order_is_kept_when_lengths_are_mixed(bundle: Bundle) -> None:
    encoder = ClipEncoder(bundle, device="cpu", batch_size=3)
    together = encoder.encode_texts(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(encoder.encode_texts([text])[0], vector, atol=1e-6)


def test_many_threads_share_one_encoder(bundle: Bundle, encoder: ClipEncoder) -> None:
    expected = encoder.encode_texts(TEXTS)
    pixels = [encoder.load_picture(png(picture)).pixels for picture in PICTURES]
    shared = ClipEncoder(bundle, device="cpu", threads=1)

    def work(at: int) -> None:
        which = at % len(TEXTS)
        np.testing.assert_allclose(shared.encode_texts([TEXTS[which]])[0], expected[which], atol=1e-6)
        which = at % len(PICTURES)
        np.testing.assert_array_equal(shared.load_picture(png(PICTURES[which])).pixels, pixels[which])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(64)))


def test_counts_the_texts_that_are_cut(encoder: ClipEncoder) -> None:
    assert encoder.count_cut(TEXTS) == 2  # the forty words, and the one spelt in bytes


def test_zero_rows_stay_zero() -> None:
    rows = np.array([[0, 0], [3, 4]], np.float32)
    np.testing.assert_allclose(normalize_rows(rows), np.array([[0, 0], [0.6, 0.8]], np.float32))


def test_words_never_load_the_picture_tower_or_torch(bundle: Bundle) -> None:
    code = f"""
import sys
import clipseek.encoder
assert not {{"numpy", "onnxruntime", "PIL", "tokenizers"}} & set(sys.modules), "import clipseek.encoder is not cheap"
from clipseek.encoder import Bundle, ClipEncoder
encoder = ClipEncoder(Bundle.load({str(bundle.path)!r}))
encoder.encode_texts(["a red cat"])
assert set(encoder.towers._sessions) == {{"text"}}
assert not {{"torch", "transformers", "PIL"}} & set(sys.modules), "a text query loads what it does not need"
print(encoder.active_device())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("cpu", "cuda")
    assert done.stderr == ""  # auto falls back in silence
