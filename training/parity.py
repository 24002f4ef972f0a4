"""Is the bundle the checkpoint? Both encode the same pictures and captions; the difference decides."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.tokenizer import TextTokenizer
from PIL import Image, ImageDraw

from .errors import ExportRefused
from .model import Checkpoint, quiet_transformers

MAX_DIFFERENCE = 1e-4  # absolute, on raw fp32 embeddings
MIN_COSINE = 0.9999


def check_parity(
    checkpoint: Checkpoint,
    bundle: Bundle,
    pictures: Sequence[Image.Image],
    captions: Sequence[str],
    limit: float | None = MAX_DIFFERENCE,
) -> dict[str, Any]:
    """Compare transformers' own processor, tokenizer and model with the bundle, in batches of 1, 2 and 7.

    Returns the figures; raises ExportRefused when ``limit`` (or the cosine) is not kept.
    """
    from transformers import CLIPImageProcessor

    pictures = [*pictures[:9], *drawn_pictures(checkpoint.image.size)][:10]
    longest = " ".join(["many words"] * checkpoint.context_length)
    texts = [longest, "a", "two words", *captions[:7], *(f"drawing {i}: shape, line {i * i}" for i in range(7))][:10]
    encoder = ClipEncoder(bundle, device="cpu")
    tokenizer = TextTokenizer(bundle.path / "tokenizer.json", bundle.text)
    spec = checkpoint.image
    with quiet_transformers():
        processor: Any = CLIPImageProcessor(
            size={"shortest_edge": spec.size},
            crop_size={"height": spec.size, "width": spec.size},
            image_mean=list(spec.mean),
            image_std=list(spec.std),
        )
    worst, cosine, at = 0.0, 1.0, 0
    for size in (1, 2, 7):
        some = pictures[at : at + size]
        with torch.no_grad():
            pixels = processor(images=some, return_tensors="pt")["pixel_values"]
            pooled = checkpoint.model.vision_model(pixel_values=pixels).pooler_output
            theirs = checkpoint.model.visual_projection(pooled).numpy()
        ours = encoder._image_session.run(
            ["image_embeds"], {"pixel_values": np.stack([encoder.load_picture(_png(p)).pixels for p in some])}
        )[0]
        worst, cosine = _compare(theirs, ours, worst, cosine)

        some_texts = texts[at : at + size]
        ids, mask, _ = tokenizer(some_texts)
        tokens = checkpoint.tokenizer(
            some_texts, padding=True, truncation=True, max_length=checkpoint.context_length, return_tensors="pt"
        )
        with torch.no_grad():
            pooled = checkpoint.model.text_model(
                **{k: tokens[k] for k in ("input_ids", "attention_mask")}
            ).pooler_output
            theirs = checkpoint.model.text_projection(pooled).numpy()
        ours = encoder._text_session.run(["text_embeds"], {"input_ids": ids, "attention_mask": mask})[0]
        worst, cosine = _compare(theirs, ours, worst, cosine)
        at += size
    if limit is not None and not (worst <= limit and cosine >= MIN_COSINE):
        raise ExportRefused(
            f"the exported model differs from {checkpoint.origin}: max abs {worst:.2e} (limit {limit:g}), min cosine {cosine:.6f} "
            f"(limit {MIN_COSINE}); nothing was written"
        )
    return {"max_abs_difference": worst, "min_cosine": cosine, "pictures": 10, "captions": 10, "batches": [1, 2, 7]}


def _compare(theirs: Any, ours: Any, worst: float, cosine: float) -> tuple[float, float]:
    if theirs.shape != ours.shape:
        raise ExportRefused(
            f"the exported model gives {ours.shape} where the checkpoint gives {theirs.shape}; nothing was written"
        )
    norms = np.linalg.norm(theirs, axis=1) * np.linalg.norm(ours, axis=1)
    cosines = (theirs * ours).sum(1) / np.maximum(norms, 1e-12)
    return max(worst, float(np.abs(theirs - ours).max())), min(cosine, float(cosines.min()))


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def drawn_pictures(size: int) -> list[Image.Image]:
    """Ten drawn pictures of odd sizes, for when none are given: gradients, shapes, noise, slivers."""
    rng = np.random.default_rng(0)
    pictures = []
    for index in range(10):
        width, height = size + 37 * index, size * 2 + 100 - 9 * index
        x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
        waves = np.stack([x, y, (np.sin(9 * x * (index + 1)) + 1) / 2], -1) * 200 + rng.uniform(
            0, 55, (height, width, 3)
        )
        picture = Image.fromarray(waves.astype(np.uint8))
        draw = ImageDraw.Draw(picture)
        draw.ellipse((width // 4, height // 4, width // 2, height // 2), fill=(200, 30, 10 * index))
        draw.rectangle((width // 2, height // 3, width - 5, height // 2), outline="white", width=3)
        pictures.append(picture)
    return pictures
