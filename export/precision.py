"""The precisions that a bundle's towers can compute in, and the towers in them, made from those in fp32."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from clipseek.encoder.bundle.bundle import PIXELS, ImageSpec, TextSpec
from clipseek.encoder.device.gpu import gpu_in_sight
from clipseek.encoder.run.tokenizer import TextTokenizer
from clipseek.training.data.pairs import Pairs

from .errors import ExportRefused
from .graph.fp16_compute import convert_compute_dtype
from .graph.fuse import fuse_attention
from .graph.int8 import quantize_by_rows, quantize_statically
from .towers import IMAGE, TEXT

#: One precision, or the fastest that passes its gate on this machine.
Precision: TypeAlias = Literal["fp32", "fp16", "bf16", "int8", "auto"]

#: Variants: towers in a lower precision, each in a folder of this name inside the bundle that is being written.
ROWS, STATIC, FP16, BF16 = "int8", "int8-static", "fp16", "bf16"
#: Where int8 has the ranges of what goes into a product from: in each run from its rows, or measured once.
RANGES = {ROWS: "rows", STATIC: "static"}

CALIBRATION, BATCH = 256, 16  # the most pictures, and captions, that ranges are measured on, and how many in a run


def wanted_variants(precision: Precision, calibrated: bool) -> list[str]:
    """The variants to judge for ``precision``: none for fp32, for auto all that may be fastest here.

    Raises ExportRefused where ``precision`` cannot be judged on this machine.
    """
    if precision == "bf16" and not gpu_in_sight():
        raise ExportRefused(
            "bf16 needs an NVIDIA GPU, to be judged as well as to run: onnxruntime's CPU provider has no bf16 products, and no "
            "NVIDIA driver is in sight; nothing was written; use --precision fp16, int8 or fp32"
        )
    if precision == "fp32":
        return []
    if precision in (FP16, BF16):
        return [precision]
    if precision == "int8":
        return [STATIC if calibrated else ROWS]
    return [*([FP16] if gpu_in_sight() else []), ROWS, *([STATIC] if calibrated else [])]


def variant_facts(variant: str) -> dict[str, str]:
    """What the passport states of the variant alone."""
    if variant in RANGES:
        return {"precision": "int8", "ranges": RANGES[variant]}
    return {"precision": variant, "storage": variant}


def write_variants(
    folder: Path, variants: Sequence[str], calibration: Pairs | None, text: TextSpec, heads: int
) -> list[Path]:
    """Towers and tokenizer of each variant, in folders inside ``folder``; returns these.

    Static int8 measures its ranges on ``calibration``. ``heads``: of the picture tower's attention, which is fused for GPUs.
    """
    folders: list[Path] = []
    for variant in variants:
        own = folder / variant
        own.mkdir()
        if variant == ROWS:
            for tower in (IMAGE, TEXT):
                quantize_by_rows(folder / tower, own / tower)
        elif variant == STATIC:
            assert calibration is not None
            quantize_statically(folder / IMAGE, own / IMAGE, _picture_inputs(calibration))
            quantize_statically(folder / TEXT, own / TEXT, _text_inputs(calibration, folder / "tokenizer.json", text))
        else:
            for tower in (IMAGE, TEXT):
                convert_compute_dtype(folder / tower, own / tower, "fp16" if variant == FP16 else "bf16")
            fuse_attention(own / IMAGE, heads, causal=False)
        shutil.copyfile(folder / "tokenizer.json", own / "tokenizer.json")
        folders.append(own)
    return folders


@dataclass(frozen=True)
class Int8Calibration:
    """Pairs of ``source``, read by ``load`` for a model's pictures; not those that a gate judges by."""

    source: str
    load: Callable[[ImageSpec], Pairs]


def _picture_inputs(pairs: Pairs) -> Iterator[dict[str, Any]]:
    """Batches for a picture tower: at most CALIBRATION distinct pictures, spread over all."""
    for rows in _batches(pairs.shown_pictures()[0]):
        yield {PIXELS: np.stack([pairs.pixels[row] for row in rows.tolist()])}


def _text_inputs(pairs: Pairs, tokenizer_json: Path, spec: TextSpec) -> Iterator[dict[str, Any]]:
    """Batches for a text tower: at most CALIBRATION captions, spread over all."""
    tokenizer = TextTokenizer(tokenizer_json, spec)
    for rows in _batches(np.arange(len(pairs.captions))):
        ids, mask = tokenizer.pad(tokenizer.encode([pairs.captions[row] for row in rows.tolist()])[0])
        yield {"input_ids": ids, "attention_mask": mask}


def _batches(rows: Any) -> list[Any]:
    chosen = rows[np.linspace(0, len(rows) - 1, min(CALIBRATION, len(rows))).astype(np.int64)]
    return [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]
