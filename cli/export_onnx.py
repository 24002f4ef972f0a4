"""``clipseek export-onnx``: a checkpoint to a bundle."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .opening import read_pairs
from .options import json_option
from .output import data, note, plain_table, print_json

if TYPE_CHECKING:
    from clipseek.encoder.bundle.bundle import ImageSpec
    from clipseek.export.gate import Gate
    from clipseek.export.int8_calibration import Int8Calibration
    from clipseek.export.samples import Samples
    from clipseek.training.data.pairs import Pairs


@click.command("export-onnx")
@click.argument("checkpoint")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "bf16", "int8", "auto"]),
    default="fp32",
    show_default=True,
    help="What the towers compute in; int8 is for CPUs, fp16 and bf16 are for GPUs. auto measures fp32, int8 and, with a GPU, fp16 "
    "here and keeps the fastest that passes.",
)
@click.option(
    "--gate",
    type=click.Path(path_type=Path),
    metavar="SOURCE",
    help="Held-out pairs (folder or manifest) that a lower precision must rank as fp32 does; without, samples' vectors decide.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="How much MRR@10 and R@10 over the whole gallery may fall on the gate's pairs, absolute.",
)
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path),
    metavar="SOURCE",
    help="Pairs, not held-out ones, to measure int8's ranges on once (static); without, each run measures its own (dynamic).",
)
@click.option(
    "--accept-loss", is_flag=True, help="Write a bundle that does not pass its gate, too; its passport says so."
)
@click.option(
    "--storage",
    type=click.Choice(["fp32", "fp16"]),
    default="fp32",
    show_default=True,
    help="What the weights are stored as. fp16 halves the files and is still computed with in fp32 (unlike --precision fp16).",
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    metavar="SOURCE",
    help="Pictures and captions of your own to check parity on too: a folder or a manifest.",
)
@click.option("--explain", is_flag=True, help="Add patches.onnx, which clipseek explain needs and search never loads.")
@click.option("--opset", type=click.IntRange(17, 20), default=18, show_default=True, help="ONNX operator set.")
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
@json_option
def export_onnx(
    checkpoint: str,
    out: Path,
    precision: Any,
    gate: Path | None,
    tolerance: float,
    calibrate: Path | None,
    accept_loss: bool,
    storage: Any,
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
    vectors are not those of fp32: an index is filled and searched with one of them.
    """
    if accept_loss and precision in ("fp32", "auto"):
        raise click.UsageError(
            "--accept-loss goes with --precision int8, fp16 or bf16; fp32 loses nothing, auto keeps what passes"
        )
    if gate and precision == "fp32":
        raise click.UsageError("--gate judges lower precisions; give it with --precision int8, fp16, bf16 or auto")
    if calibrate and precision not in ("int8", "auto"):
        raise click.UsageError("--calibrate is for int8; give it with --precision int8 or auto")
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("optimum") is None:
        raise click.ClickException(
            "exporting needs torch and optimum, which are not installed; try: pip install 'clipseek[train]'"
        )
    from clipseek.encoder.bundle.writer import check_free

    check_free(out, force=force)  # before seconds of imports
    given = _samples(samples) if samples else None
    note("loading torch and optimum")
    from clipseek.export.checkpoint import export_bundle

    bundle = export_bundle(
        checkpoint,
        out,
        precision=precision,
        storage=storage,
        gate=_gate(gate, tolerance) if gate else None,
        calibration=_calibration(calibrate) if calibrate else None,
        accept_loss=accept_loss,
        explain=explain,
        samples=given,
        opset=opset,
        force=force,
        on_step=lambda text: note(text),
    )
    parity = bundle.passport["parity"]
    note(
        f"largest difference: pictures {parity['image_max_abs']:.1e}, texts {parity['text_max_abs']:.1e}; "
        f"lowest cosine: {parity['image_min_cosine']:.7f}, {parity['text_min_cosine']:.7f}"
    )
    if "rounding" in parity:
        cost = parity["rounding"]
        note(
            f"rounding to fp16 costs: cosine {cost['image_min_cosine']:.7f} (pictures), {cost['text_min_cosine']:.7f} (texts)"
        )
    _tell_gates(bundle.passport)
    megabytes = sum(bundle.passport["sizes"].values()) / 1e6
    note(
        f"{bundle.dimension} dimensions, {bundle.image.size} px, {bundle.text.context_length} tokens, {megabytes:.1f} MB"
    )
    note(f"try next: clipseek ingest YOUR_PICTURES --model {out}")
    if as_json:
        print_json(bundle.passport)
    else:
        data(str(out))


def _samples(source: Path) -> Samples:
    from clipseek.export.samples import samples_from
    from clipseek.sources import read_records

    return samples_from(read_records(source), str(source))


def _gate(source: Path, tolerance: float) -> Gate:
    from clipseek.export.gate import Gate

    return Gate(str(source), lambda spec: _pairs(source, spec), tolerance)


def _calibration(source: Path) -> Int8Calibration:
    from clipseek.export.int8_calibration import Int8Calibration

    return Int8Calibration(str(source), lambda spec: _pairs(source, spec))


def _pairs(source: Path, spec: ImageSpec) -> Pairs:
    return read_pairs(source, spec)


def _named(row: dict[str, Any]) -> str:
    return f"{row['precision']} {row['ranges']}" if row.get("ranges") == "static" else str(row["precision"])


def _tell_gates(passport: dict[str, Any]) -> None:
    from clipseek.export.verdict import Verdict

    for verdict in passport.get("gates", []):
        accepted = ", its loss was accepted" if verdict.get("accepted_loss") else ""
        outcome = "passes" if verdict["passed"] else f"does not pass{accepted}"
        note(f"{_named(verdict)} {outcome}: {Verdict.from_dict(verdict).in_words()}")
    if "candidates" in passport:
        for line in plain_table(
            ["precision", "MB", "pictures/s", "texts/s", "query ms", "gate", "kept"],
            [
                [
                    _named(row),
                    f"{row['bytes'] / 1e6:.1f}",
                    f"{row['pictures_per_second']:,.0f}",
                    f"{row['texts_per_second']:,.0f}",
                    f"{row['query_ms']:.2f}",
                    "passes" if row["passed"] else "fails",
                    "yes" if row["kept"] else "",
                ]
                for row in passport["candidates"]
            ],
            right=["MB", "pictures/s", "texts/s", "query ms"],
        ):
            note(line)
