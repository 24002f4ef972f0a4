"""``clipseek train``: fine-tune a CLIP on your pairs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .layout import layout_option
from .output import ProgressLine, count, data, duration, note, print_json, print_table
from .recipe_options import chosen, recipe_options

if TYPE_CHECKING:
    from clipseek.sources import Layout
    from clipseek.training.data.pairs import Pairs

LISTED = 20  # skipped files that are named


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run; OUT/best is the checkpoint.")
@click.option(
    "--base", default="openai/clip-vit-base-patch32", show_default=True, help="CLIP checkpoint folder or hub id."
)
@layout_option
@click.option("--image-column", default="image", show_default=True, help="Manifest column with the picture's path.")
@click.option("--caption-column", default="caption", show_default=True, help="Manifest column with the caption.")
@click.option("--group-column", default="group", show_default=True, help="Manifest column with concept, patient, …")
@recipe_options
@click.option(
    "--validation", type=click.Path(path_type=Path), help="Pairs to validate on; without, a share of SOURCE's groups."
)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="General pairs that must not be forgotten: mixed into each batch."
)
@click.option("--keep-validation", type=click.Path(path_type=Path), help="General pairs to measure forgetting on.")
@click.option("--no-cache", is_flag=True, help="Keep decoded pictures in memory, not on disk for the next run.")
@click.option("--resume", is_flag=True, help="Go on where a run into --out was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace the run in --out.")
@click.option("--table", "table", is_flag=True, help="The talk's table on the demo's pictures, our recipes beside it.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1), help="Runs of each row of --table.")
@click.option("--json", "as_json", is_flag=True, help="The summary for machines.")
def train(source: Path | None, out: Path | None, **options: Any) -> None:
    """Fine-tune a CLIP on the image-caption pairs of SOURCE (a manifest, a folder with captions, ImageCLEF 2017).

    OUT gets best/ and last/ (checkpoints), history.jsonl, loss.png, config.json and summary.json.

    Several processes: torchrun --nproc-per-node N -m clipseek.cli train … takes the same steps, each on its part.
    """
    if options.pop("table"):
        return show_table(out, options["seeds"])
    if source is None or out is None:
        raise click.UsageError(
            "train needs SOURCE and --out (or --table alone); try: clipseek train pairs.tsv --out run"
        )
    if options["resume"] and options["overwrite"]:
        raise click.UsageError("--resume goes on with the run in --out, --overwrite replaces it: give one of them")
    if (out / "history.jsonl").exists() and not (options["resume"] or options["overwrite"]):
        from clipseek.training.errors import TrainingError

        raise TrainingError(
            f"{out} holds a run; go on with --resume, replace it with --overwrite, or choose another --out"
        )
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train as run
    from clipseek.training.run.recipes import from_recipe
    from clipseek.training.run.run_folder import RunFolder

    config = from_recipe(options.pop("recipe"), base=options["base"], **chosen(options))
    columns = {f"{name}_column": options[f"{name}_column"] for name in ("image", "caption", "group")}
    for path in (source, options["keep"], options["validation"], options["keep_validation"]):
        if path is not None:
            begin(path, options["layout"] if path == source else "auto", columns)
    spec = load_checkpoint(config.base).image

    def pairs_of(path: Path | None) -> Pairs | None:
        if path is None:
            return None
        return load(path, spec, options["layout"] if path == source else "auto", columns, cache=not options["no_cache"])

    own = pairs_of(source)
    assert own is not None
    progress = TrainingProgress()
    best = run(
        config,
        own,
        out,
        keep=pairs_of(options["keep"]),
        validation=pairs_of(options["validation"]),
        keep_validation=pairs_of(options["keep_validation"]),
        resume=options["resume"],
        on_event=progress,
    )
    if not progress.last:
        note(f"{out} was finished already; --overwrite begins anew")
    summary = {"checkpoint": str(best), "plot": str(out / "loss.png"), **RunFolder(out, progress).summary()}
    if options["as_json"]:
        print_json(summary)
    else:
        show(summary)


def show_table(out: Path | None, seeds: int) -> None:
    """Run what of the table is not there yet, and print it."""
    from clipseek.demo.story import Story
    from clipseek.demo.trials import run_trials, table_trials, talk_table
    from clipseek.opensearch.node.paths import NodePaths

    home = NodePaths.default().data / "demo"
    story = Story(home, note)
    pairs = len(story.draw()["domain-train"])
    trials = [t.with_seed(seed) for seed in range(seeds) for t in table_trials(pairs) if t.config or not seed]
    folder = out or home / "table"
    lines = run_trials(story, trials, folder, TrainingProgress())
    note(f"every figure is in {folder / 'results.jsonl'}; the next run goes on from there")
    data(talk_table(lines))


def begin(path: Path, layout: Layout, columns: dict[str, str]) -> None:
    """Read the first pair of a source, so that a wrong path is said before a base model is fetched."""
    from clipseek.sources import read_records

    if path.is_file() or path.is_dir() or not path.exists():  # what a pipe gives, it gives once
        next(iter(read_records(path, layout=layout, **columns)), None)


def load(path: Path, spec: Any, layout: Layout, columns: dict[str, str], *, cache: bool) -> Pairs:
    """Read and decode a source, with progress and the first skipped files on stderr."""
    from clipseek.sources import read_records
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.data.pixels import default_cache

    started = time.monotonic()
    with ProgressLine(f"decoding {path}") as line:

        def decoded(done: int, of: int) -> None:
            line.total = of
            line.update(done)

        records = read_records(path, layout=layout, **columns)
        pairs = load_pairs(records, spec, decoded, cache=default_cache() if cache else None)
    pictures = count(len(pairs.shown_pictures()[0]), "picture")
    note(f"{path}: {count(len(pairs), 'pair')}, {pictures}, in {duration(time.monotonic() - started)}")
    for name, reason in pairs.skipped[:LISTED]:
        note(f"  skipped {name}: {reason}")
    if len(pairs.skipped) > LISTED:
        note(f"  … and {len(pairs.skipped) - LISTED:,} more")
    return pairs


def show(summary: dict[str, Any]) -> None:
    """The summary for a person."""
    names = {
        "validation_mrr": "MRR@10, whole validation gallery",
        "validation_batch_mrr": "MRR@20, in batches of 64",
        "general_batch_mrr": "MRR@20 of general pairs, in batches of 64",
    }
    after = summary["validation"]
    rows = [
        [title, f"{summary['before'][name]:.3f}", f"{after[name]:.3f}"]
        for name, title in names.items()
        if name in after
    ]
    if rows:
        print_table(["validation, text to image", "before", "after"], rows, right=["before", "after"])
    data(f"checkpoint  {summary['checkpoint']}")
    data(f"loss plot   {summary['plot']}")
    speed = f"{summary['pairs_per_second']:.0f} pairs/s"
    data(f"took        {duration(summary['seconds'])}, {summary['steps']:,} steps at {speed}")
    data(f"next        clipseek export-onnx {summary['checkpoint']} BUNDLE")


class TrainingProgress:
    """Prints a line every few seconds; remembers the last figures."""

    def __init__(self, every: float = 10.0) -> None:
        self.last: dict[str, Any] = {}
        self._every = every
        self._next = 0.0

    def __call__(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "start":
            self.last["steps"] = event["step"]
            held = f", {event['validation_pairs']:,} held out for validation" if event["validation_pairs"] else ""
            steps = f"up to {count(event['steps'], 'step')}"
            note(f"{count(event['pairs'], 'pair')}{held}; {steps}, {event['precision']} on {event['device']}")
            if event["step"]:
                note(f"  going on after step {event['step']:,}")
        elif kind == "step":
            self.last.update(steps=event["step"], loss=event["loss"], pairs_per_second=event["pairs_per_second"])
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + self._every
                note(
                    f"  {event['progress']:4.0%}  step {event['step']:,}  epoch {event['epoch']:.1f}  "
                    f"loss {event['loss']:.3f}  {event['pairs_per_second']:.0f} pairs/s  "
                    f"waiting for data {event['waiting']:.0%}"
                )
        elif kind == "look" and "validation_mrr" in event:
            general = f", general {event['general_batch_mrr']:.3f} in batches" if "general_batch_mrr" in event else ""
            note(
                f"  step {event['step']:,}: validation MRR@10 {event['validation_mrr']:.3f} over the whole gallery, "
                f"MRR@20 {event['validation_batch_mrr']:.3f} in batches{general}"
            )
        elif kind == "features":
            if time.monotonic() >= self._next or event["done"] == event["of"]:
                self._next = time.monotonic() + self._every
                note(f"  towers locked: {event['done']:,} of {event['of']:,} outputs computed")
        elif kind == "stopped":
            note(f"  step {event['step']:,}: {count(event['looks'], 'look')} without a better model; stopping here")
        elif kind == "interpolate":
            self.last["alpha"] = event["alpha"]
            note(f"  weights: {event['alpha']:.0%} of the way from the base to the tuned model (chosen on validation)")
        elif kind == "done" and "validation_mrr" in event:
            self.last["validation_mrr_at_10"] = event["validation_mrr"]
