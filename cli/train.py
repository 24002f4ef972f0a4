"""``clipseek train``: fine-tune a CLIP on your pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder of the run; OUT/best is the checkpoint."
)
@click.option(
    "--base", default="openai/clip-vit-base-patch32", show_default=True, help="CLIP checkpoint folder or hub id."
)
@click.option("--layout", default="auto", show_default=True, help="auto, folder, tsv, csv, jsonl or imageclef.")
@click.option("--image-column", default="image", show_default=True, help="Manifest column with the picture's path.")
@click.option("--caption-column", default="caption", show_default=True, help="Manifest column with the caption.")
@click.option("--epochs", default=10.0, show_default=True, help="Passes over the pairs.")
@click.option("--minutes", type=float, help="End on time; the learning rate follows the clock.")
@click.option("--batch-size", default=64, show_default=True, help="Pairs in a batch.")
@click.option("--lr", default=1e-5, show_default=True, help="Highest learning rate.")
@click.option(
    "--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto", show_default=True, help="Arithmetic."
)
@click.option("--no-augment", is_flag=True, help="Pictures and captions as they are.")
@click.option(
    "--validation", type=click.Path(path_type=Path), help="Pairs to validate on; without, a share of SOURCE's groups."
)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="General pairs that must not be forgotten: mixed into each batch."
)
@click.option("--keep-validation", type=click.Path(path_type=Path), help="General pairs to measure forgetting on.")
@click.option("--keep-share", default=0.15, show_default=True, help="Share of each batch that --keep fills.")
@click.option("--keep-loss", default=0.15, show_default=True, help="Share of the general MRR that may be given up.")
@click.option(
    "--no-interpolate", is_flag=True, help="Keep the tuned weights; do not choose a point between base and tuned."
)
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option("--resume", is_flag=True, help="Go on where a run into --out was stopped.")
@click.option("--json", "as_json", is_flag=True, help="The summary for machines.")
def train(
    source: Path, out: Path, validation: Path | None, keep: Path | None, keep_validation: Path | None, **options: Any
) -> None:
    """Fine-tune a CLIP on the image-caption pairs of SOURCE (a manifest, a folder with captions, ImageCLEF 2017)."""
    from clipseek.sources import read_records
    from clipseek.training.config import TrainConfig
    from clipseek.training.data import Pairs, load_pairs
    from clipseek.training.loop import train as run
    from clipseek.training.model import load_checkpoint

    from .output import note

    config = TrainConfig(
        base=options["base"],
        epochs=options["epochs"],
        batch_size=options["batch_size"],
        learning_rate=options["lr"],
        minutes=options["minutes"],
        precision=options["precision"],
        augment=not options["no_augment"],
        keep_share=options["keep_share"],
        keep_loss=options["keep_loss"],
        interpolate=not options["no_interpolate"],
        seed=options["seed"],
    )
    columns = {"image_column": options["image_column"], "caption_column": options["caption_column"]}
    spec = load_checkpoint(config.base).image

    def pairs_of(path: Path | None) -> Pairs | None:
        if path is None:
            return None
        layout: Any = options["layout"] if path == source else "auto"
        pairs = load_pairs(read_records(path, layout=layout, **columns), spec)
        note(f"{path}: {len(pairs):,} pairs")
        for name, reason in pairs.skipped[:20]:
            note(f"  skipped {name}: {reason}")
        if len(pairs.skipped) > 20:
            note(f"  … and {len(pairs.skipped) - 20} more")
        return pairs

    own = pairs_of(source)
    assert own is not None
    progress = TrainingProgress()
    best = run(
        config,
        own,
        out,
        keep=pairs_of(keep),
        validation=pairs_of(validation),
        keep_validation=pairs_of(keep_validation),
        resume=options["resume"],
        on_event=progress,
    )
    summary = {"checkpoint": str(best), "plot": str(out / "loss.png"), **progress.last}
    if options["as_json"]:
        click.echo(json.dumps(summary))
    else:
        for name, value in summary.items():
            click.echo(f"{name:22} {value:.4f}" if isinstance(value, float) else f"{name:22} {value}")


class TrainingProgress:
    """Prints a line every few seconds; remembers the last figures."""

    def __init__(self, every: float = 10.0) -> None:
        self.last: dict[str, Any] = {}
        self._every = every
        self._next = 0.0

    def __call__(self, event: dict[str, Any]) -> None:
        import time

        from .output import note

        kind = event["event"]
        if kind == "start":
            note(f"{event['pairs']:,} pairs, up to {event['steps']:,} steps, {event['precision']} on {event['device']}")
        elif kind == "step":
            self.last.update(steps=event["step"], loss=event["loss"], pairs_per_second=event["pairs_per_second"])
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + self._every
                note(
                    f"  {event['progress']:4.0%}  step {event['step']:,}  epoch {event['epoch']:.1f}  loss {event['loss']:.3f}  "
                    f"{event['pairs_per_second']:.0f} pairs/s  waiting for data {event['waiting']:.0%}"
                )
        elif kind == "look":
            note(f"  step {event['step']:,}: validation MRR@10 {event['validation_mrr']:.3f} (whole gallery)")
        elif kind == "interpolate":
            self.last["alpha"] = event["alpha"]
            note(f"  weights: {event['alpha']:.0%} of the way from the base to the tuned model (chosen on validation)")
        elif kind == "done":
            self.last["validation_mrr_at_10"] = event["validation_mrr"]
