"""Zero-shot probabilities against transformers' own, and the rules for labels and templates."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder, EncoderError
from clipseek.encoder.pictures.crop import PictureFile
from clipseek.encoder.run.zero_shot import ZeroShot, softmax
from PIL import Image

from tests.models import quiet
from tests.pictures import picture

LABELS = ["cat", "red car", "tree {with} braces"]
PICTURES = [picture(seed, "RGB", (40 + seed * 7, 36)) for seed in range(5)]


def encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.train
def test_equals_transformers(bundle: Bundle, checkpoint_folder: Path, encoder: ClipEncoder) -> None:
    with quiet():
        import torch
        from transformers import CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizerFast

        processor = CLIPProcessor(
            CLIPImageProcessor.from_pretrained(checkpoint_folder), CLIPTokenizerFast.from_pretrained(checkpoint_folder)
        )
        model = CLIPModel.from_pretrained(checkpoint_folder).eval()
        texts = [f"a photo of {label}" for label in LABELS]
        with torch.no_grad():
            given = processor(text=texts, images=PICTURES, return_tensors="pt", padding=True)
            wanted = model(**given).logits_per_image.softmax(dim=-1).numpy()
    found = ZeroShot(encoder, LABELS).probabilities([encoder.load_picture(encoded(one)) for one in PICTURES])
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert np.ptp(wanted, axis=0).max() > 0.01  # the oracle tells pictures apart


def test_templates_are_averaged_before_the_softmax(encoder: ClipEncoder) -> None:
    given = [encoder.load_picture(encoded(one)) for one in PICTURES]
    templates = ["a photo of {}", "{}, an icon"]
    found = ZeroShot(encoder, LABELS, templates).probabilities(given)
    means = []
    for label in LABELS:
        mean = sum(encoder.encode_texts([template.replace("{}", label)])[0] for template in templates)
        means.append(mean / np.linalg.norm(mean))
    cosines = encoder.encode_pictures(given) @ np.stack(means).T
    np.testing.assert_allclose(found, softmax(encoder.bundle.logit_scale * cosines), atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_no_pictures_give_no_rows(encoder: ClipEncoder) -> None:
    assert ZeroShot(encoder, LABELS).probabilities([]).shape == (0, 3)


def test_softmax_of_large_logits_is_finite() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 1e4, -1e4]])), [[0.5, 0.5, 0]])


@pytest.mark.parametrize(
    ("labels", "templates", "words"),
    [
        (["cat"], ["{}"], "at least two"),
        (["cat", " "], ["{}"], "at least two"),
        (["cat", "dog", "cat "], ["{}"], "'cat' is given more than once"),
        (["cat", "dog"], ["{}", "a photo"], "'a photo' has no place"),
    ],
)
def test_labels_that_cannot_be_compared(
    encoder: ClipEncoder, labels: list[str], templates: list[str], words: str
) -> None:
    with pytest.raises(EncoderError, match=words):
        ZeroShot(encoder, labels, templates)


def test_files_keep_their_order_and_reasons(tmp_path_factory: pytest.TempPathFactory, encoder: ClipEncoder) -> None:
    folder = tmp_path_factory.mktemp("files")
    paths = [folder / f"{number}.png" for number in range(7)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(PICTURES[number % 5]) if number not in (2, 5) else b"no picture")
    paths.append(folder / "absent.png")
    windows = list(encoder.read_pictures([*map(PictureFile, paths)], window=3))
    assert [len(window) for window in windows] == [3, 3, 2]
    found = [entry for window in windows for entry in window]
    assert [file.path for file, _ in found] == paths
    assert [at for at, (_, one) in enumerate(found) if isinstance(one, str)] == [2, 5, 7]
    assert found[7][1] == "no such file"
