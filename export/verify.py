"""Parity of a bundle that was written before with a checkpoint: whether it was exported from that."""

from __future__ import annotations

from typing import Any

from clipseek.encoder import Bundle
from clipseek.training.model.checkpoint import load_checkpoint

from .errors import ExportRefused
from .gate import device_for
from .graph.fp16_weights import round_weights_to_fp16
from .parity import BATCH_SIZES, MAX_DIFFERENCE, MIN_COSINE, difference, from_bundle, reference, worst
from .samples import made_samples

#: A cosine of int8 vectors may be so much lower than at the export: another processor rounds elsewhere.
SLACK = 0.001


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
        figures = worst(
            [difference(from_bundle(bundle, samples, size, device_for(bundle)), expected) for size in BATCH_SIZES]
        )
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
