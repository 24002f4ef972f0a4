"""``clipseek export-onnx``: a checkpoint to a bundle."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import data, note, print_json

if TYPE_CHECKING:
    from clipseek.training.samples import Samples


@click.command("export-onnx")
@click.argument("checkpoint")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--precision", type=click.Choice(["fp32"]), default="fp32", show_default=True, help="What the towers compute in."
)
@click.option(
    "--storage",
    type=click.Choice(["fp32", "fp16"]),
    default="fp32",
    show_default=True,
    help="What the weights are stored as. fp16 halves the files and is still computed with in fp32.",
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    metavar="SOURCE",
    help="Pictures and captions of your own to check parity on too: a folder or a manifest.",
)
@click.option("--opset", type=click.IntRange(17, 20), default=18, show_default=True, help="ONNX operator set.")
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the bundle's passport as JSON.")
def export_onnx(
    checkpoint: str,
    out: Path,
    precision: str,
    storage: Any,
    samples: Path | None,
    opset: int,
    force: bool,
    as_json: bool,
) -> None:
    """Export CHECKPOINT to the bundle folder OUT: image.onnx, text.onnx, tokenizer.json, clipseek.json.

    CHECKPOINT is the folder of a CLIP (clipseek train writes one; so does save_pretrained of transformers) or its name on
    the hub. The bundle is compared with it on pictures and captions, in batches of 1, 2 and 7; when embeddings differ by
    more than 0.0001 or their cosine is below 0.9999, nothing is written.
    """
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("optimum") is None:
        raise click.ClickException(
            "exporting needs torch and optimum, which are not installed; try: pip install 'clipseek[train]'"
        )
    from clipseek.encoder.writer import check_free

    check_free(out, force=force)  # before seconds of imports
    given = _samples(samples) if samples else None
    note("loading torch and optimum")
    from clipseek.training.export import export_bundle

    bundle = export_bundle(
        checkpoint, out, storage=storage, samples=given, opset=opset, force=force, on_step=lambda text: note(text)
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
    from clipseek.sources import read_records
    from clipseek.training.samples import samples_from

    return samples_from(read_records(source), str(source))
