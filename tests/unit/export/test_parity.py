"""Parity of a bundle with its checkpoint: what it is checked on, and what stands in the passport."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.encoder import Bundle, ClipEncoder
from PIL import Image

from tests.models import quiet

with quiet():
    from clipseek.export.parity import difference, from_bundle, reference
    from clipseek.export.samples import Samples, made_samples
    from clipseek.training.model.checkpoint import load_checkpoint

pytestmark = pytest.mark.train


def test_parity_is_recorded_with_what_it_was_checked_on(full: Bundle) -> None:
    parity = full.passport["parity"]
    assert parity["image_max_abs"] <= 1e-4
    assert parity["text_max_abs"] <= 1e-4
    assert min(parity["image_min_cosine"], parity["text_min_cosine"]) >= 0.9999
    assert parity["batch_sizes"] == [1, 2, 7]
    assert parity["pictures"] >= 7
    assert parity["texts"] >= 7


def test_parity_is_checked_on_the_longest_caption(full: Bundle) -> None:
    encoder = ClipEncoder(full, device="cpu")
    limit = full.text.context_length
    encoded, cut = encoder.tokenizer.encode(made_samples(full.image.size, limit).captions)
    assert max(map(len, encoded)) == limit
    assert cut >= 1


def test_reference_and_bundle_see_the_same_files(full: Bundle, checkpoint: Path) -> None:
    """Samples are files' bytes: a transparent or turned picture is opened alike on both sides."""
    import io

    picture = Image.new("RGBA", (40, 50), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 20, 50))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    samples = Samples((buffer.getvalue(),) * 2, ("a", "b"), "one transparent picture")
    assert difference(from_bundle(full, samples, 2), reference(load_checkpoint(str(checkpoint)), samples)).acceptable()
