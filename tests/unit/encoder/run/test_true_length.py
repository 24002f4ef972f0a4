"""Texts at their true length are what texts padded to the whole context are, to 1e-5, and cost what their tokens cost."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.device.bound import Rows
from clipseek.encoder.run.clip import normalize_rows
from clipseek.encoder.run.towers import Towers
from numpy.typing import NDArray

from tests.shipped import TUNED as SHIPPED

WORDS = "a red cat on the green house, blue flower; 3 big dogs’ picture of star ÆØ 日本".split()  # noqa: SIM905


def captions(count: int) -> list[str]:
    rng = random.Random(0)
    return ["", *(" ".join(rng.choices(WORDS, k=rng.randint(1, 60))) for _ in range(count - 1))]


def padded_to_the_context(encoder: ClipEncoder, texts: list[str]) -> NDArray[np.float32]:
    """As the original tokenizers do: every text as long as the model can read."""
    tokenizer = encoder.tokenizer
    encoded, _ = tokenizer.encode(texts)
    width = encoder.bundle.text.context_length
    ids = np.full((len(encoded), width), encoder.bundle.text.pad_id, np.int64)
    mask = np.zeros_like(ids)
    for row, values in enumerate(encoded):
        ids[row, : len(values)], mask[row, : len(values)] = values, 1
    return normalize_rows(encoder.towers.run("text", {"input_ids": ids, "attention_mask": mask}))


class Watched(Towers):
    """Keeps the shape of each batch and how many of its tokens are real."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.batches: list[tuple[int, int, int]] = []

    def run(self, tower: str, inputs: Mapping[str, Rows]) -> NDArray[np.float32]:
        rows, width = np.shape(inputs["input_ids"])
        self.batches.append((rows, width, int(np.sum(inputs["attention_mask"]))))
        return super().run(tower, inputs)


@pytest.mark.train
@pytest.mark.parametrize("batch_size", [1, 5, 32])
def test_equals_full_padding_on_a_tiny_clip(bundle: Bundle, batch_size: int) -> None:
    encoder = ClipEncoder(bundle, device="cpu", batch_size=batch_size)
    np.testing.assert_allclose(
        encoder.encode_texts(captions(80)), padded_to_the_context(encoder, captions(80)), atol=1e-5, rtol=0
    )


def test_equals_full_padding_on_the_shipped_bundle() -> None:
    encoder = ClipEncoder(Bundle.load(SHIPPED), device="cpu")
    texts = captions(80)
    ours = encoder.encode_texts(texts)
    np.testing.assert_allclose(ours, padded_to_the_context(encoder, texts), atol=1e-5, rtol=0)
    assert (ours @ ours.T - np.eye(len(ours)) < 0.9999).any()  # texts are told apart, so that equality means something


def test_a_batch_is_as_wide_as_its_longest_text_and_hardly_wider_than_the_rest() -> None:
    encoder = ClipEncoder(Bundle.load(SHIPPED))
    encoder.towers = towers = Watched(encoder.bundle, "cpu", None, 8, None, None, encoder.stages)
    texts = captions(200)
    encoder.encode_texts(texts)
    lengths = sorted(len(ids) for ids in encoder.tokenizer.encode(texts)[0])
    assert [width for _, width, _ in towers.batches] == lengths[7::8]
    tokens, room = sum(real for *_, real in towers.batches), sum(rows * width for rows, width, _ in towers.batches)
    assert tokens == sum(lengths)
    assert tokens / room > 0.9
