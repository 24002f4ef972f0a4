"""``clipseek export-onnx``: a checkpoint to a bundle."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .opening import prepare_torch, read_pairs
from .options.common import json_option
from .options.paths import FilePath
from .terminal.output import data, note, print_json
from .terminal.passport import show_export

if TYPE_CHECKING:
    from clipseek.export.checkpoint import Storage
    from clipseek.export.precision import Precision

SOURCE = click.Path(path_type=Path)


@click.command("export-onnx")
@click.argument("checkpoint")
@click.argument("out", type=FilePath(path_type=Path))
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "bf16", "int8", "auto"]),
    default="fp32",
    show_default=True,
    help="Compute dtype of the towers: int8 for CPUs, fp16 and bf16 for GPUs. auto measures fp32, int8 and, with a GPU, fp16 "
    "on this machine and keeps the fastest that passes its gate.",
)
@click.option(
    "--gate",
    type=SOURCE,
    metavar="SOURCE",
    help="Held-out pairs (folder or manifest), 500 or more, that a lower precision must rank like fp32.  [default: the samples' "
    "cosines decide]",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.03,
    show_default=True,
    help="Allowed loss of MRR@10 and R@10 over the whole gallery of --gate, as a fraction of fp32's: the lower end of the paired "
    "95 % interval.",
)
@click.option(
    "--calibrate",
    type=SOURCE,
    metavar="SOURCE",
    help="Pairs, not held-out ones, for static int8 quantization ranges.  [default: each row of an input by its own range]",
)
@click.option(
    "--accept-loss", is_flag=True, help="Write a bundle that fails its gate anyway; its passport records that."
)
@click.option(
    "--storage",
    type=click.Choice(["fp32", "fp16"]),
    default="fp32",
    show_default=True,
    help="Dtype of the stored weights. fp16 halves the files; the towers still compute in fp32 (unlike --precision fp16).",
)
@click.option(
    "--samples",
    type=SOURCE,
    metavar="SOURCE",
    help="Pictures and captions of your own for the parity check: a folder or a manifest.",
)
@click.option("--explain", is_flag=True, help="Add patches.onnx, for clipseek explain; search never loads it.")
@click.option(
    "--opset", type=click.IntRange(17, 20), default=18, show_default=True, help="Version of the ONNX operator set."
)
@click.option("--force", is_flag=True, help="Replace the bundle at OUT.")
@json_option
def export_onnx(
    checkpoint: str,
    out: Path,
    precision: Precision,
    gate: Path | None,
    tolerance: float,
    calibrate: Path | None,
    accept_loss: bool,
    storage: Storage,
    samples: Path | None,
    explain: bool,
    opset: int,
    force: bool,
    as_json: bool,
) -> None:
    """Export CHECKPOINT to the bundle folder OUT: image.onnx, text.onnx, tokenizer.json, clipseek.json.

    CHECKPOINT is the folder of a CLIP (clipseek train writes one; so does save_pretrained of transformers) or its name on
    the hub. The bundle is compared with it on pictures and captions, in batches of 1, 2 and 7; when embeddings differ by
    more than 0.0001 or their cosine is below 0.9999, nothing is written. A lower precision must pass a gate as well. Its
    vectors differ from fp32's: fill and search an index with the same bundle.
    """
    if accept_loss and precision in ("fp32", "auto"):
        raise click.UsageError(
            "--accept-loss goes with --precision int8, fp16 or bf16; fp32 loses nothing, auto keeps what passes"
        )
    if gate and precision == "fp32":
        raise click.UsageError("--gate judges lower precisions; give it with --precision int8, fp16, bf16 or auto")
    if calibrate and precision not in ("int8", "auto"):
        raise click.UsageError("--calibrate is for int8; give it with --precision int8 or auto")
    prepare_torch("exporting", "optimum")
    from clipseek.encoder.bundle.writer import check_free

    check_free(out, force=force)  # before seconds of imports
    from clipseek.export.samples import samples_from
    from clipseek.sources import Source

    given = samples_from(Source(samples).records(), str(samples)) if samples else None
    note("loading torch and optimum")
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.gate import Gate
    from clipseek.export.precision import Int8Calibration

    bundle = export_bundle(
        checkpoint,
        out,
        precision=precision,
        storage=storage,
        gate=Gate(str(gate), partial(read_pairs, Source(gate)), tolerance) if gate else None,
        calibration=Int8Calibration(str(calibrate), partial(read_pairs, Source(calibrate))) if calibrate else None,
        accept_loss=accept_loss,
        explain=explain,
        samples=given,
        opset=opset,
        force=force,
        on_step=note,
    )
    show_export(bundle)
    note(f"try next: clipseek ingest YOUR_PICTURES --model {out}")
    if as_json:
        print_json(bundle.passport)
    else:
        data(str(out))
