"""``clipseek train``: fine-tune a CLIP on your pairs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .opening import read_pairs
from .options import ReadOptions, json_option, no_cache_option, pair_options
from .output import data, duration, note, print_json, print_table
from .progress import TrainingProgress
from .recipe_options import chosen, recipe_options

if TYPE_CHECKING:
    from clipseek.training.data.pairs import Pairs


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run; OUT/best is the checkpoint.")
@click.option(
    "--base", default="openai/clip-vit-base-patch32", show_default=True, help="CLIP checkpoint folder or hub id."
)
@pair_options
@recipe_options
@click.option(
    "--validation", type=click.Path(path_type=Path), help="Pairs to validate on; without, a share of SOURCE's groups."
)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="General pairs that must not be forgotten: mixed into each batch."
)
@click.option("--keep-validation", type=click.Path(path_type=Path), help="General pairs to measure forgetting on.")
@no_cache_option
@click.option("--resume", is_flag=True, help="Go on where a run into --out was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace the run in --out.")
@click.option("--table", "table", is_flag=True, help="The talk's table on the demo's pictures, our recipes beside it.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1), help="Runs of each row of --table.")
@json_option
def train(source: Path | None, out: Path | None, reading: ReadOptions, **options: Any) -> None:
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
    other = dataclasses.replace(reading, layout="auto")
    for path in (source, options["keep"], options["validation"], options["keep_validation"]):
        if path is not None:
            begin(path, reading if path == source else other)
    spec = load_checkpoint(config.base).image

    def pairs_of(path: Path | None) -> Pairs | None:
        if path is None:
            return None
        return read_pairs(path, spec, reading if path == source else other, cache=not options["no_cache"])

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


def begin(path: Path, reading: ReadOptions) -> None:
    """Read the first pair of a source, so that a wrong path is said before a base model is fetched."""
    from clipseek.sources import read_records

    if path.is_file() or path.is_dir() or not path.exists():  # what a pipe gives, it gives once
        next(iter(read_records(path, **dataclasses.asdict(reading))), None)


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
