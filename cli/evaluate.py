"""``clipseek evaluate``: how well a model ranks held-out pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .output import count, data, note, print_json


@click.command()
@click.argument("model")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--batch", default=64, show_default=True, type=click.IntRange(2), help="Size of the talk's batches.")
@click.option("--seed", default=0, show_default=True, help="Of the shuffle into batches.")
@click.option("--layout", default="auto", show_default=True, help="auto, folder, tsv, csv, jsonl or imageclef.")
@click.option("--image-column", default="image", show_default=True, help="Manifest column with the picture's path.")
@click.option("--caption-column", default="caption", show_default=True, help="Manifest column with the caption.")
@click.option("--group-column", default="group", show_default=True, help="Manifest column with concept, patient, …")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="For a bundle."
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16"]),
    default="fp32",
    show_default=True,
    help="Arithmetic of a checkpoint; auto is bf16 where the processor or GPU has it.",
)
@click.option("--no-cache", is_flag=True, help="Keep decoded pictures in memory, not on disk for the next run.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def evaluate(model: str, source: Path, batch: int, seed: int, device: str, as_json: bool, **options: Any) -> None:
    """Rank the pairs of SOURCE with MODEL, a checkpoint (folder or hub id) or a bundle, in both directions.

    Prints MRR@k inside shuffled batches, as the talk does, and over the whole gallery, with the sizes of both: the first
    says little about the second. Pairs of an equal caption or group, and captions of one picture, are right for each
    other; a wrong answer that scores the same as the right one stands before it.
    """
    from clipseek.evaluation import evaluate as judge
    from clipseek.evaluation import report_table

    from .train import load

    columns = {f"{name}_column": options[f"{name}_column"] for name in ("image", "caption", "group")}
    cache = not options["no_cache"]
    if (Path(model) / "clipseek.json").is_file():
        from clipseek.encoder import Bundle, ClipEncoder
        from clipseek.training.bundle_vectors import embed_with_bundle

        encoder = ClipEncoder(Bundle.load(model, verify=True), device=device)  # type: ignore[arg-type]
        pairs = load(source, encoder.bundle.image, options["layout"], columns, cache=cache)
        texts, images = embed_with_bundle(encoder, pairs)
    else:
        from clipseek.training.embed import embed_distinct
        from clipseek.training.model import load_checkpoint
        from clipseek.training.precision import resolve_precision

        checkpoint = load_checkpoint(model)
        pairs = load(source, checkpoint.image, options["layout"], columns, cache=cache)
        precision = resolve_precision(options["precision"], checkpoint.model.device)
        texts, images = embed_distinct(checkpoint, pairs, precision)
    report = judge(texts, images, pairs.truth(), batch=batch, seed=seed)
    if as_json:
        sizes = {"pairs": len(pairs), "pictures": len(images), "skipped": len(pairs.skipped)}
        print_json({"model": model, "source": str(source), **sizes, "data": pairs.fingerprint(), **report.as_dict()})
        return
    data(report_table(list(report.rows())))
    drawn = next(iter(report.in_batches.values()))
    if drawn.gallery < batch:
        note(
            f"{count(len(images), 'picture')} do not fill a batch of {batch}: they were ranked as one of {drawn.gallery}"
        )
    elif drawn.queries < len(images):
        note(
            f"batches are whole and hold no two pairs that are right for each other: {len(images) - drawn.queries:,} left out"
        )
