"""The facts of a passport that every way to a bundle states."""

from __future__ import annotations

from typing import Any

from clipseek.encoder.bundle.bundle import ImageSpec, TextSpec


def passport_facts(
    image: ImageSpec,
    text: TextSpec,
    *,
    dimension: int,
    precision: str,
    storage: str,
    logit_scale: float,
    provenance: dict[str, Any],
) -> dict[str, Any]:
    """What ``encoder.bundle.writer.write_passport`` takes, with nothing known of parity yet.

    ``precision``: what the towers compute in; ``storage``: what their weights are stored as, fp32 or fp16.
    """
    return {
        "dimension": dimension,
        "image": image.as_dict(),
        "text": text.as_dict(),
        "precision": precision,
        "storage": storage,
        "logit_scale": logit_scale,
        "provenance": provenance,
        "parity": {},
    }
