"""``clipseek train``: fine-tune a CLIP on your pairs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .opening import listed_pairs, prepare_torch, training_pairs
from .options.common import json_option, no_cache_option, train_pair_options
from .options.paths import FilePath
from .options.pictures import chosen_rules, reading_options
from .options.recipe import recipe_options
from .terminal.long_captions import in_training, shortened
from .terminal.output import data, duration, note, print_json, print_table
from .terminal.train_dry_run import train_dry_run
from .terminal.training_progress import TrainingProgress
from .trackers import check_installed, report_option, reporting

if TYPE_CHECKING:
    from clipseek.encoder.bundle.bundle import ImageSpec
    from clipseek.export.models import TokenCounter
    from clipseek.sources import Source
    from clipseek.training.config import TrainConfig

PairsPath = click.Path(path_type=Path)


@click.command()
@train_pair_options
@click.option(
    "--out", type=FilePath(path_type=Path), metavar="FOLDER", help="Folder of the run; FOLDER/best is the checkpoint."
)
@recipe_options
@reading_options
@click.option(
    "--validation",
    type=PairsPath,
    metavar="SOURCE",
    help="Pairs to validate on, of a source with splits its validation.  [default: a fraction of SOURCE's groups]",
)
@click.option(
    "--keep", type=PairsPath, metavar="SOURCE", help="General pairs mixed into each batch, against forgetting."
)
@click.option("--keep-validation", type=PairsPath, metavar="SOURCE", help="General pairs to measure forgetting on.")
@no_cache_option
@click.option("--resume", is_flag=True, help="Continue an interrupted run in --out.")
@click.option("--overwrite", is_flag=True, help="Replace the run in --out.")
@click.option(
    "--dry-run",
    "dry",
    is_flag=True,
    help="Say pairs, splits, what is held out and left out, the recipe, minutes and memory; write nothing.",
)
@report_option
@json_option
def train(
    source: Source,
    out: Path | None,
    config: TrainConfig,
    bands: tuple[int, ...] | None,
    frame: str | None,
    depth_range: str | None,
    validation: Path | None,
    keep: Path | None,
    keep_validation: Path | None,
    no_cache: bool,
    resume: bool,
    overwrite: bool,
    dry: bool,
    report_to: str | None,
    as_json: bool,
) -> None:
    """Fine-tune a CLIP model on the image-caption pairs of SOURCE (a manifest, a folder with captions, ImageCLEF 2017).

    Of a source that knows its splits, the split train is read, and a line says so; --split names others.

    FOLDER gets best/ and last/ (checkpoints), history.jsonl, loss.png, config.json and summary.json.

    Several processes: torchrun --nproc-per-node N -m clipseek.cli train … splits each batch among them.
    """
    if out is None and not dry:
        raise click.UsageError("Missing option '--out'.")
    if out is not None and not dry:
        _check_free(out, resume, overwrite)
    check_installed(report_to)
    prepare_torch("training")
    from clipseek.training.run.auto import train_auto
    from clipseek.training.run.loop import train as train_once
    from clipseek.training.run.run_folder import RunFolder

    named = {"keep": keep, "validation": validation, "keep_validation": keep_validation}
    others = {name: _other(source, path, name) for name, path in named.items() if path is not None}
    if validation is None and "talk" in source.splits.names:
        others["validation"] = dataclasses.replace(
            source, splits=dataclasses.replace(source.splits, names=("talk", "validation"))
        )
    for one in (source, *others.values()):
        one.check()  # before a base model is fetched
    config = dataclasses.replace(config, **chosen_rules(bands, frame, depth_range))
    if out is None or dry:
        train_dry_run(config, source, others, as_json=as_json)
        return
    listed = {name: listed_pairs(one) for name, one in [("own", source), *others.items()]}
    image, counter = _base(config)
    for name, one in {"own": source, **others}.items():
        listed[name] = shortened(one, listed[name], in_training(counter, config))
    own = training_pairs(source, listed["own"], image, cache=not no_cache)
    more = {name: training_pairs(other, listed[name], image, cache=not no_cache) for name, other in others.items()}
    progress = TrainingProgress()
    run = train_auto if config.recipe == "auto" else train_once
    with reporting(report_to, out, config.as_dict(), progress) as listener:
        best = run(config, own, out, resume=resume, on_event=listener, **more)
    if not progress.last:
        note(f"{out} was finished already; --overwrite starts over")
    summary = {"checkpoint": str(best), "plot": str(out / "loss.png"), **RunFolder(out, progress).summary()}
    if as_json:
        print_json(summary)
    else:
        show(summary)


def _base(config: TrainConfig) -> tuple[ImageSpec, TokenCounter]:
    """The pixels of the run and the count of its base's tokens. The base is not kept: the run loads it for itself."""
    from clipseek.export.models import counter_of
    from clipseek.training.model.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(config.base)
    return config.image_of(checkpoint.image), counter_of(checkpoint)


def _other(source: Source, path: Path, name: str) -> Source:
    """The source of another option: read as SOURCE is, but for the split, which is what the option is for.

    --exclude and --include hold for it where it is a folder.
    """
    from clipseek.sources import Splits

    lone = path != source.path
    if lone:
        source = dataclasses.replace(source, path=path, layout="auto")
        if not path.is_dir():
            source = dataclasses.replace(source, exclude=(), include=())
    wanted = "train" if name == "keep" else "validation"
    hint = f"write the pairs for --{name.replace('_', '-')} into a manifest of their own"
    return dataclasses.replace(source, splits=Splits((), (wanted,), lone=lone, hint=hint))


def _check_free(out: Path, resume: bool, overwrite: bool) -> None:
    """Before torch is imported: a run in ``out`` is continued or replaced only where an option says so."""
    if resume and overwrite:
        raise click.UsageError("--resume continues the run in --out, --overwrite replaces it: give one of them")
    from clipseek.training.errors import TrainingError
    from clipseek.training.run.ownership import check_own

    check_own(out)
    begun = any((out / name).exists() for name in ("history.jsonl", "auto.json"))
    if begun and not (resume or overwrite):
        raise TrainingError(
            f"{out} holds a run; go on with --resume, replace it with --overwrite, or choose another --out"
        )


def show(summary: dict[str, Any]) -> None:
    """The summary for a person."""
    names = {
        "validation_mrr": f"MRR@10, gallery of {summary.get('validation_gallery', 0):,} held-out pictures",
        "validation_batch_mrr": "MRR@20, in batches of 64",
        "general_mrr": "MRR@10 of general pairs, whole gallery",
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
        note("these pairs also chose the weights: judge the model on others, with clipseek evaluate")
    if after.get("validation_mrr", 0.0) < summary["before"].get("validation_mrr", 0.0):
        note(
            "the base finds more than the tuned model: go on with the base, or train in another way (--recipe adapter, a lower "
            "--learning-rate, more pairs)"
        )
    if auto := summary.get("auto"):
        tried = ", ".join(f"{stage['name']} {stage['validation_mrr']:.3f}" for stage in auto["stages"])
        data(f"chosen      {auto['chosen']}, by MRR@10 among {tried}")
        data(f"stopped     {auto['reason']}")
    data(f"checkpoint  {summary['checkpoint']}")
    data(f"loss plot   {summary['plot']}")
    speed = f"{summary['pairs_per_second']:.0f} pairs/s"
    data(f"took        {duration(summary['seconds'])}, {summary['steps']:,} steps at {speed}")
    data(f"next        clipseek export-onnx {summary['checkpoint']} BUNDLE")
