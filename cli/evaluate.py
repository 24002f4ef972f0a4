"""``clipseek evaluate``: how well a model ranks held-out pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import count, data, note, print_json

if TYPE_CHECKING:
    from clipseek.evaluation import Change, Report


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
@click.option("--against", metavar="OTHER", help="Another checkpoint or bundle, on the same pairs: the differences.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def evaluate(model: str, source: Path, batch: int, seed: int, against: str | None, **options: Any) -> None:
    """Rank the pairs of SOURCE with MODEL, a checkpoint (folder or hub id) or a bundle, in both directions.

    Prints MRR@k inside shuffled batches, as the talk does, and over the whole gallery, with the sizes of both: the first
    says little about the second. Pairs of an equal caption or group, and captions of one picture, are right for each
    other; a wrong answer that scores the same as the right one stands before it.

    With --against, each figure of MODEL (after) is set beside that of OTHER (before): the difference, its 95 % interval,
    and the p value of a paired test in which queries of a group stay together.
    """
    from clipseek.evaluation import compare, rank_pairs, report_of

    from .scored import open_model, shared_pairs, vectors
    from .train import load

    columns = {f"{name}_column": options[f"{name}_column"] for name in ("image", "caption", "group")}
    names = [model] if against is None else [model, against]
    models = [open_model(name, options["device"], options["precision"]) for name in names]
    pairs = shared_pairs(
        source,
        models,
        lambda spec: load(source, spec, options["layout"], columns, cache=not options["no_cache"]),
    )
    truth = pairs[0].truth()
    embedded = [vectors(one, own, pairs[0]) for one, own in zip(models, pairs, strict=True)]
    ranked = [rank_pairs(texts, images, truth, batch=batch, seed=seed) for texts, images in embedded]
    reports = [report_of(one) for one in ranked]
    changes = compare(ranked[1], ranked[0]) if against is not None else []
    if options["as_json"]:
        sizes = {"pairs": len(pairs[0]), "pictures": truth.pictures, "skipped": len(pairs[0].skipped)}
        value = {"model": model, "source": str(source), **sizes, "data": pairs[0].fingerprint(), **reports[0].as_dict()}
        if against is not None:
            value["against"] = {"model": against, **reports[1].as_dict()}
            value["changes"] = [change.as_dict() for change in changes]
        print_json(value)
        return
    _show(reports[0], changes, model, against)
    _explain_batches(reports[0], truth.pictures, batch)


def _show(report: Report, changes: list[Change], model: str, against: str | None) -> None:
    """The tables for a person."""
    from clipseek.evaluation import comparison_table, report_table

    data(report_table(list(report.rows())))
    if changes:
        data(f"\nafter: {model}\nbefore: {against}\n")
        data(comparison_table(changes))


def _explain_batches(report: Report, pictures: int, batch: int) -> None:
    """Say what the batches did not hold."""
    drawn = next(iter(report.in_batches.values()))
    if drawn.gallery < batch:
        note(f"{count(pictures, 'picture')} do not fill a batch of {batch}: they were ranked as one of {drawn.gallery}")
    elif drawn.queries < pictures:
        note(
            f"batches are whole and hold no two pairs that are right for each other: {pictures - drawn.queries:,} left out"
        )
