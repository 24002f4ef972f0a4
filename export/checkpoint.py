"""A checkpoint to a bundle: two ONNX graphs, proven against the checkpoint, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeAlias

from clipseek.encoder import Bundle
from clipseek.encoder.bundle.bundle import TextSpec
from clipseek.encoder.bundle.files import PATCHES
from clipseek.encoder.bundle.writer import check_free, new_bundle, write_passport
from clipseek.training.data.trained_on import read_marks, write_marks
from clipseek.training.model.checkpoint import Checkpoint, load_checkpoint

from .errors import ExportRefused
from .gate import Gate, Judge
from .graph.files import WEIGHTS_APART_ABOVE, set_weights_apart
from .graph.fp16_weights import round_weights_to_fp16, store_weights_as_fp16
from .graph.fuse import fuse_attention
from .graph.uint8_input import take_pixels
from .parity import Embeddings, check_parity, difference, reference
from .patches import check_patches, export_patches
from .precision import Int8Calibration, Precision, wanted_variants, write_variants
from .samples import Samples, made_samples
from .selection import select_precision
from .tokens import added_tokens, tokenizer_json
from .towers import IMAGE, TEXT, export_towers

Storage: TypeAlias = Literal["fp32", "fp16"]

OPSET = 18
ADDED = 8  # the most tokens that a user added, to compare the checkpoint and the bundle on
#: Written by training beside the weights: base, data, recipe, metrics.
TRAINING_RECORD = "clipseek_training.json"


def export_bundle(
    checkpoint: str,
    out: Path,
    *,
    precision: Precision = "fp32",
    storage: Storage = "fp32",
    gate: Gate | None = None,
    calibration: Int8Calibration | None = None,
    accept_loss: bool = False,
    explain: bool = False,
    samples: Samples | None = None,
    opset: int = OPSET,
    external_above: int = WEIGHTS_APART_ABOVE,
    force: bool = False,
    on_step: Callable[[str], None] = lambda text: None,
) -> Bundle:
    """Export ``checkpoint`` (a CLIP folder or hub id) to the bundle folder ``out``; ``on_step`` gets a line before each long step.

    ``storage`` fp16 halves the files: large weights are rounded to float16, stored so, and computed with in float32.
    Parity is then that with the rounded model; what the rounding itself costs stands beside it. ``samples`` join the
    made ones on which parity is checked. ``precision`` int8, fp16 (for GPUs) and bf16 (for GPUs, and made on one only) are judged
    by ``gate``'s held-out pairs, without it by the cosine on the samples, and written only when they pass or ``accept_loss``; auto
    keeps the fastest that passes. With ``calibration`` the ranges of int8's inputs are measured once, on its pairs, and not in each
    run. A graph whose weights have more than ``external_above`` bytes has them in a file beside it.
    ``explain`` adds patches.onnx, always in fp32, compared with the checkpoint too. Raises
    ExportRefused when the vectors differ or the gate is not passed, BundleError when ``out`` is taken (``force`` replaces
    a bundle), ModelUnavailable when there is no such checkpoint; in each case nothing is written.
    """
    check_free(out, force=force)  # before the long part, and again when it is done
    variants = wanted_variants(precision, calibration is not None)
    on_step(f"loading {checkpoint}")
    loaded = load_checkpoint(checkpoint)
    loaded.model.eval()
    made = made_samples(loaded.image.size, loaded.context_length)
    samples = samples + made if samples else made
    if extra := added_tokens(loaded.tokenizer):
        samples = replace(samples, captions=(*samples.captions, *(f"a {token} in red" for token in extra[:ADDED])))
    expected, rounding = _expected(loaded, samples, storage)
    held_out = gate.load(loaded.image) if gate and variants else None
    measured_on = calibration.load(loaded.image) if calibration and variants else None
    with new_bundle(out, force=force) as folder:
        on_step(f"exporting two towers (opset {opset}, weights stored as {storage})")
        fused = _write_graphs(loaded, folder, opset, external_above, explain)
        facts = _facts(loaded, storage, opset)
        facts["provenance"]["fused_attention"] = {"text": fused}
        heads = loaded.model.config.vision_config.num_attention_heads
        folders = write_variants(folder, variants, measured_on, TextSpec.from_dict(facts["text"]), heads)
        if storage == "fp16":
            for path in (*folder.glob("*.onnx"), *folder.glob("*/*.onnx")):
                store_weights_as_fp16(path)
        write_passport(folder, facts)
        on_step(f"comparing with the checkpoint on {len(samples.pictures)} pictures and {len(samples.captions)} texts")
        full = Bundle.load(folder)
        facts["parity"] = {**check_parity(full, expected, samples), **rounding}
        if explain:
            facts["parity"].update(check_patches(full, loaded.model, samples))
        if calibration and variants:
            facts["provenance"]["calibrated_on"] = calibration.source
        if folders:
            judge = Judge(full, samples, gate, held_out)
            facts = select_precision(folders, facts, precision, judge, accept_loss=accept_loss, on_step=on_step)
        write_marks(folder, read_marks(Path(checkpoint)))
        write_passport(folder, facts)
    return Bundle.load(out)


def _expected(checkpoint: Checkpoint, samples: Samples, storage: Storage) -> tuple[Embeddings, dict[str, Any]]:
    """The checkpoint's embeddings of the samples; for fp16 storage, with its weights rounded in place, and what that costs."""
    expected = reference(checkpoint, samples)
    if storage == "fp32":
        return expected, {}
    round_weights_to_fp16(checkpoint.model)
    rounded = reference(checkpoint, samples)
    return rounded, {"rounding": difference(rounded, expected).as_dict()}


def _write_graphs(checkpoint: Checkpoint, folder: Path, opset: int, external_above: int, explain: bool) -> int:
    """Write the towers, the tokenizer and, to ``explain``, the patches; returns in how many layers attention was fused."""
    model = checkpoint.model
    export_towers(model, folder, opset)
    for tower in (IMAGE, TEXT):
        set_weights_apart(folder / tower, external_above)
    # The text tower alone: pictures gained nothing by it on a CPU (docs/log/encoder-speed.md).
    fused = fuse_attention(folder / TEXT, model.config.text_config.num_attention_heads, causal=True)
    (folder / "tokenizer.json").write_text(tokenizer_json(checkpoint.tokenizer), "utf-8")
    if explain:
        export_patches(model, folder, opset)
        set_weights_apart(folder / PATCHES, external_above)
        take_pixels(folder / PATCHES, checkpoint.image)
    take_pixels(folder / IMAGE, checkpoint.image)
    return fused


def _facts(checkpoint: Checkpoint, storage: Storage, opset: int) -> dict[str, Any]:
    tokenizer = checkpoint.tokenizer
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    return {
        "dimension": int(checkpoint.model.config.projection_dim),
        "image": checkpoint.image.as_dict(),
        "text": TextSpec(checkpoint.context_length, int(pad), int(tokenizer.eos_token_id)).as_dict(),
        "precision": "fp32",
        "storage": storage,
        "logit_scale": float(checkpoint.model.logit_scale.detach().exp()),
        "provenance": {
            **_training_record(checkpoint.origin),
            "checkpoint": checkpoint.origin,
            "opset": opset,
            "made_with": {name: version(name) for name in ("clipseek", "torch", "transformers", "optimum-onnx")},
        },
        "parity": {},
    }


def _training_record(origin: str) -> dict[str, Any]:
    path = Path(origin) / TRAINING_RECORD
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise ExportRefused(f"{path} cannot be read ({problem}); mend or remove it; nothing was written") from None
    return record if isinstance(record, dict) else {"training": record}
