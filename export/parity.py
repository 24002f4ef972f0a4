"""Is the bundle the checkpoint? Both encode the same pictures and captions, and the differences decide."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np
import torch
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.device.session import Device
from clipseek.encoder.pictures.images import open_picture
from clipseek.training.model.checkpoint import Checkpoint, load_checkpoint, quiet_transformers
from numpy.typing import NDArray

from .errors import ExportRefused
from .graph.fp16_weights import round_weights_to_fp16
from .samples import Samples, made_samples

MAX_DIFFERENCE = 1e-4  # absolute, on embeddings before they are normalised
MIN_COSINE = 0.9999
BATCH_SIZES = (1, 2, 7)
#: A cosine of int8 vectors may be so much lower than at the export: another processor rounds elsewhere.
SLACK = 0.001


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


@torch.no_grad()
def reference(checkpoint: Checkpoint, samples: Samples) -> Embeddings:
    """The samples' embeddings by transformers' own processor, tokenizer and model; only the decoding of files is ours."""
    with quiet_transformers():
        from transformers import CLIPImageProcessor

        # Read from the checkpoint, so that a fault in our own reading of it is found.
        processor: Any = CLIPImageProcessor.from_pretrained(checkpoint.origin)
        spec = checkpoint.image
        opened = [open_picture(data, spec.rules, edge=spec.size).picture for data in samples.pictures]
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


def device_for(bundle: Bundle) -> Device:
    """Where a bundle is judged: fp16 and bf16 on a GPU if one works, for they are used there; all else on the CPU."""
    return "auto" if bundle.precision in ("fp16", "bf16") else "cpu"


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
    return ParityFigures(*_apart(ours.pictures, theirs.pictures), *_apart(ours.texts, theirs.texts))


def in_all_batches(bundle: Bundle, samples: Samples, expected: Embeddings, device: Device = "cpu") -> ParityFigures:
    """The worst differences of the bundle's embeddings from ``expected`` over BATCH_SIZES; NaN where one is NaN."""
    each = [astuple(difference(from_bundle(bundle, samples, size, device), expected)) for size in BATCH_SIZES]
    low, high = np.min(each, 0).tolist(), np.max(each, 0).tolist()
    return ParityFigures(high[0], low[1], high[2], low[3])


def check_parity(bundle: Bundle, expected: Embeddings, samples: Samples) -> dict[str, Any]:
    """Compare the bundle with ``expected`` in every batch size; the figures for its passport.

    Raises ExportRefused when a difference is too large.
    """
    figures = in_all_batches(bundle, samples, expected)
    if not figures.acceptable():
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


def verify_against(bundle: Bundle, checkpoint: str) -> dict[str, Any]:
    """The worst differences between ``bundle`` and ``checkpoint`` on the made samples, in batches of 1, 2 and 7.

    A bundle stored as fp16 is compared with the rounded checkpoint. An int8 bundle must be within SLACK of the cosine
    that its passport states. Raises ExportRefused where they are not the same model, ModelUnavailable where there is no
    such checkpoint.
    """
    loaded = load_checkpoint(checkpoint)
    loaded.model.eval()
    if bundle.passport.get("storage") == "fp16" and bundle.precision != "fp16":
        round_weights_to_fp16(loaded.model)
    samples = made_samples(loaded.image.size, loaded.context_length)
    expected = reference(loaded, samples)
    try:
        figures = in_all_batches(bundle, samples, expected, device_for(bundle))
    except ExportRefused:
        raise ExportRefused(
            f"{bundle.path} gives {bundle.dimension} numbers, {checkpoint} {expected.texts.shape[1]}; "
            "name the checkpoint that it was exported from"
        ) from None
    stated = bundle.passport.get("parity", {}).get("reduction")
    if bundle.precision == "fp32" or not stated:
        same, allowed = figures.acceptable(), f"{MAX_DIFFERENCE:g} and {MIN_COSINE}"
    else:
        limits = stated["image_min_cosine"] - SLACK, stated["text_min_cosine"] - SLACK
        same = figures.image_min_cosine >= limits[0] and figures.text_min_cosine >= limits[1]
        allowed = f"cosines of {limits[0]:.4f} and {limits[1]:.4f}, as at its export"
    if not same:
        raise ExportRefused(
            f"{bundle.path} does not give the vectors of {checkpoint}: {figures.in_words()}; allowed are {allowed}; "
            "name the checkpoint that it was exported from, or export it again"
        )
    return figures.as_dict()


def _apart(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> tuple[float, float]:
    """The largest difference of two numbers, and the lowest cosine of two rows, in float64."""
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.abs(ours - theirs).max()), float(((a * b).sum(1) / np.maximum(lengths, 1e-12)).min())
