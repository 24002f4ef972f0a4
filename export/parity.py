"""Is the bundle the checkpoint? Both encode the same pictures and captions, and the differences decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.device.session import Device
from clipseek.encoder.pictures.images import open_image
from clipseek.training.model.checkpoint import Checkpoint, quiet_transformers
from numpy.typing import NDArray

from .errors import ExportRefused
from .samples import Samples

MAX_DIFFERENCE = 1e-4  # absolute, on embeddings before they are normalised
MIN_COSINE = 0.9999
BATCH_SIZES = (1, 2, 7)


@dataclass(frozen=True)
class Embeddings:
    """Of the same samples, not normalised: ``pictures`` (P, D) float32, ``texts`` (T, D) float32."""

    pictures: NDArray[np.float32]
    texts: NDArray[np.float32]


@dataclass(frozen=True)
class ParityFigures:
    """How far two embeddings of the same samples are apart: the worst over all pictures and over all texts."""

    image_max_abs: float
    image_min_cosine: float
    text_max_abs: float
    text_min_cosine: float

    def acceptable(self) -> bool:
        """False for NaN too."""
        return (
            max(self.image_max_abs, self.text_max_abs) <= MAX_DIFFERENCE
            and min(self.image_min_cosine, self.text_min_cosine) >= MIN_COSINE
        )

    def as_dict(self) -> dict[str, float]:
        """For the passport."""
        return asdict(self)

    def in_words(self) -> str:
        """The four figures in one line."""
        return (
            f"pictures by {self.image_max_abs:.2g} (cosine {self.image_min_cosine:.6f}), "
            f"texts by {self.text_max_abs:.2g} (cosine {self.text_min_cosine:.6f})"
        )


def worst(each: Sequence[ParityFigures]) -> ParityFigures:
    """The worst of every figure."""
    return ParityFigures(
        max(figures.image_max_abs for figures in each),
        min(figures.image_min_cosine for figures in each),
        max(figures.text_max_abs for figures in each),
        min(figures.text_min_cosine for figures in each),
    )


@torch.no_grad()
def reference(checkpoint: Checkpoint, samples: Samples) -> Embeddings:
    """The samples' embeddings by transformers' own processor, tokenizer and model; only the decoding of files is ours."""
    with quiet_transformers():
        from transformers import CLIPImageProcessor

        # Read from the checkpoint, so that a fault in our own reading of it is found.
        processor: Any = CLIPImageProcessor.from_pretrained(checkpoint.origin)
        opened = [open_image(data, checkpoint.image.background) for data in samples.pictures]
        pixels = processor(images=opened, return_tensors="pt")["pixel_values"]
        tokens = checkpoint.tokenizer(
            list(samples.captions),
            padding=True,
            truncation=True,
            max_length=checkpoint.context_length,
            return_tensors="pt",
        )
    model = checkpoint.model.eval()
    pictures = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)
    pooled = model.text_model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]).pooler_output
    return Embeddings(pictures.numpy(), model.text_projection(pooled).numpy())


def from_bundle(bundle: Bundle, samples: Samples, batch_size: int, device: Device = "cpu") -> Embeddings:
    """The samples' embeddings by the bundle, in batches of ``batch_size``."""
    encoder = ClipEncoder(bundle, device=device, batch_size=batch_size)
    pictures = [encoder.load_picture(data) for data in samples.pictures]
    return Embeddings(encoder.embed_pictures(pictures), encoder.embed_texts(samples.captions))


def difference(ours: Embeddings, theirs: Embeddings) -> ParityFigures:
    """Raises ExportRefused when they are not even of one shape."""
    for mine, other in ((ours.pictures, theirs.pictures), (ours.texts, theirs.texts)):
        if mine.shape != other.shape:
            raise ExportRefused(f"the bundle gives {mine.shape}, the checkpoint {other.shape}; nothing was written")
    return ParityFigures(
        _max_abs(ours.pictures, theirs.pictures),
        _min_cosine(ours.pictures, theirs.pictures),
        _max_abs(ours.texts, theirs.texts),
        _min_cosine(ours.texts, theirs.texts),
    )


def check_parity(bundle: Bundle, expected: Embeddings, samples: Samples) -> dict[str, Any]:
    """Compare the bundle with ``expected`` in every batch size; the figures for its passport.

    Raises ExportRefused when a difference is too large.
    """
    each = [difference(from_bundle(bundle, samples, size), expected) for size in BATCH_SIZES]
    figures = worst(each)
    if not all(one.acceptable() for one in each):  # the worst of a NaN and a number may be the number
        raise ExportRefused(
            f"the export differs from the checkpoint: {figures.in_words()}; "
            f"allowed are {MAX_DIFFERENCE:g} and {MIN_COSINE}; nothing was written"
        )
    return {
        **figures.as_dict(),
        "limits": {"max_abs": MAX_DIFFERENCE, "min_cosine": MIN_COSINE},
        "pictures": len(samples.pictures),
        "texts": len(samples.captions),
        "batch_sizes": list(BATCH_SIZES),
        "samples": samples.origin,
    }


def _max_abs(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    return float(np.abs(ours - theirs).max())


def _min_cosine(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(1) / np.maximum(lengths, 1e-12)).min())
