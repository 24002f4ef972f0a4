"""``clipseek evaluate``: how well a model ranks held-out pairs."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("model")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--batch", default=64, show_default=True, help="Size of the talk's batches.")
@click.option("--layout", default="auto", show_default=True, help="auto, folder, tsv, csv, jsonl or imageclef.")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="For a bundle."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def evaluate(model: str, source: Path, batch: int, layout: str, device: str, as_json: bool) -> None:
    """Rank the pictures of SOURCE for each of its captions with MODEL, a bundle or a checkpoint.

    Prints MRR@k inside batches, as the talk does, and over the whole gallery, with the sizes of both: the first says little
    about the second.
    """
    from clipseek.evaluation import before_after, in_batches, whole_gallery
    from clipseek.sources import read_records

    from .output import note

    records = read_records(source, layout=layout)  # type: ignore[arg-type]  # the reader refuses an unknown layout itself
    if (Path(model) / "clipseek.json").is_file():
        from clipseek.encoder import Bundle, ClipEncoder
        from clipseek.encoder.pairs import encode_pairs

        encoder = ClipEncoder(Bundle.load(model, verify=True), device=device)  # type: ignore[arg-type]
        texts, images, groups, skipped = encode_pairs(encoder, ((r.image, r.captions, r.group) for r in records))
    else:
        from clipseek.training.data import load_pairs
        from clipseek.training.embed import embed
        from clipseek.training.model import load_checkpoint

        checkpoint = load_checkpoint(model)
        pairs = load_pairs(records, checkpoint.image)
        (texts, images), groups, skipped = embed(checkpoint, pairs), pairs.groups, pairs.skipped
    for name, reason in skipped[:20]:
        note(f"skipped {name}: {reason}")
    batches, gallery = in_batches(texts, images, groups, batch), whole_gallery(texts, images, groups)
    if as_json:
        click.echo(
            json.dumps({"in_batches": batches.as_dict(), "whole_gallery": gallery.as_dict(), "skipped": len(skipped)})
        )
    else:
        click.echo(before_after([(f"batches of {batches.gallery}", model, batches), ("whole gallery", model, gallery)]))
        click.echo(
            f"whole gallery of {gallery.gallery:,}: R@1 {gallery.recall[1]:.3f}, R@5 {gallery.recall[5]:.3f}, "
            f"R@10 {gallery.recall[10]:.3f}, median rank {gallery.median_rank:g}"
        )
