"""The precisions that a bundle's towers can compute in, and the towers in them, made from those in fp32."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from clipseek.encoder.bundle.bundle import TextSpec
from clipseek.encoder.device.gpu import gpu_in_sight
from clipseek.training.data.pairs import Pairs

from .errors import ExportRefused
from .graph.fp16_compute import convert_compute_dtype
from .graph.fuse import fuse_attention
from .graph.int8_dynamic import quantize_dynamically
from .graph.int8_static import quantize_statically
from .int8_calibration import picture_inputs, text_inputs
from .towers import IMAGE, TEXT

#: One precision, or the fastest that passes its gate on this machine.
Precision: TypeAlias = Literal["fp32", "fp16", "bf16", "int8", "auto"]

#: Variants: towers in a lower precision, each in a folder of this name inside the bundle that is being written.
DYNAMIC, STATIC, FP16, BF16 = "int8", "int8-static", "fp16", "bf16"
#: When int8 measures the ranges of what goes into a product: in each run, or once.
RANGES = {DYNAMIC: "dynamic", STATIC: "static"}


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
        return [STATIC if calibrated else DYNAMIC]
    return [*([FP16] if gpu_in_sight() else []), DYNAMIC, *([STATIC] if calibrated else [])]


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
        if variant == DYNAMIC:
            for tower in (IMAGE, TEXT):
                quantize_dynamically(folder / tower, own / tower)
        elif variant == STATIC:
            assert calibration is not None
            quantize_statically(folder / IMAGE, own / IMAGE, picture_inputs(calibration))
            quantize_statically(folder / TEXT, own / TEXT, text_inputs(calibration, folder / "tokenizer.json", text))
        else:
            for tower in (IMAGE, TEXT):
                convert_compute_dtype(folder / tower, own / tower, "fp16" if variant == FP16 else "bf16")
            fuse_attention(own / IMAGE, heads, causal=False)
        shutil.copyfile(folder / "tokenizer.json", own / "tokenizer.json")
        folders.append(own)
    return folders
