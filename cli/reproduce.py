"""``clipseek reproduce``: the talk's comparison on its own data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .opening import prepare_torch
from .options.common import json_option, no_cache_option
from .options.paths import FilePath
from .terminal.output import count, data, note, print_json
from .terminal.progress import ProgressLine
from .terminal.training_progress import TrainingProgress

if TYPE_CHECKING:
    from clipseek.sources import Record
    from clipseek.training.data.pairs import Pairs
    from clipseek.training.reproduce.arms import Settings
    from clipseek.training.reproduce.data_sets import Leaks


NAMES = ("imageclef", "roco", "rsicd")


@click.command()
@click.argument("name", type=click.Choice(NAMES), metavar="|".join(NAMES))
@click.argument("folder", type=FilePath(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=FilePath(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder of the results; a later run with the same options goes on from them.",
)
@click.option(
    "--base", default="openai/clip-vit-base-patch32", show_default=True, help="CLIP checkpoint folder or hub id."
)
@click.option(
    "--seeds", default=1, show_default=True, type=click.IntRange(1), help="Trainings of each, by random seed."
)
@click.option(
    "--rates",
    default="5e-6,1.5e-5,5e-5,1.5e-4,5e-4",
    show_default=True,
    metavar="RATE[,RATE]",
    help="Learning rates of run-5 that are compared on the validation pairs.",
)
@click.option(
    "--epochs", default=10.0, show_default=True, type=click.FloatRange(0, min_open=True), help="Epochs of run-5."
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16"]),
    default="fp32",
    show_default=True,
    help="Compute dtype of every training; the talk's was fp32.",
)
@click.option(
    "--keep-leaks", is_flag=True, help="Train on pictures of the held-out parts too, as the data set has them."
)
@click.option(
    "--clean/--no-clean",
    default=True,
    show_default=True,
    help="Take figure numbers, panel letters, references and markup out of captions, as train --clean does.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be trained on what, and train nothing.")
@no_cache_option
@json_option
def reproduce(
    name: str,
    folder: Path,
    out: Path,
    base: str,
    seeds: int,
    rates: str,
    epochs: float,
    precision: str,
    keep_leaks: bool,
    clean: bool,
    dry_run: bool,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Train and score on ImageCLEF 2017, ROCO or RSICD in FOLDER what Sujit Pal's Haystack 2022 talk trained, and our recipe.

    Four rows: the base; run-5 of the talk as it was; run-5 with the learning rate that the validation pairs prefer; the recipe auto
    in as many seconds. Each is scored on the test pairs in batches of 64, as in the talk, and over the whole gallery, with 95 %
    intervals.

    Pictures that are in a held-out part too, or nearly, are found first and not trained on.
    """
    from clipseek.training.reproduce.arms import Settings
    from clipseek.training.reproduce.data_sets import leaks_among, records_by_part, sources_of

    tried = _rates(rates)
    records = records_by_part(sources_of(name, folder, clean=clean), note)
    with ProgressLine(f"comparing the parts of {folder}") as line:
        leaks = leaks_among(records, out / "leaks.json", lambda part, done: line.update(done))
    for said in leaks.lines():
        note(said)
    if not keep_leaks:
        records = {part: _without(own, set(leaks.dropped[part])) for part, own in records.items()}
    pairs = {part: sum(len(record.captions) for record in own) for part, own in records.items()}
    settings = Settings(base, pairs["train"], seeds, tried, epochs, precision)
    if dry_run:
        _show_plan(settings, pairs, leaks, as_json)
        return
    prepare_torch("training")
    loaded = _load(records, base, cache=not no_cache)
    _run(name, settings, loaded, out, leaks, as_json)


def _run(name: str, settings: Settings, pairs: dict[str, Pairs], out: Path, leaks: Leaks, as_json: bool) -> None:
    from clipseek.training.reproduce.run import RESULTS, Reproduction
    from clipseek.training.reproduce.table import table

    lines = list(Reproduction(settings, pairs, out, note, TrainingProgress()).lines())
    if as_json:
        shown = [{key: value for key, value in line.items() if key != "key"} for line in lines]
        print_json(
            {
                "data_set": name,
                "pairs": {part: len(own) for part, own in pairs.items()},
                "leaks": leaks.shared,
                "left_out": leaks.dropped,
                "rows": shown,
            }
        )
    else:
        data(table(name, lines))
    note(f"every figure is in {out / RESULTS}; the same command goes on from there")


def _rates(text: str) -> tuple[float, ...]:
    try:
        rates = tuple(float(part) for part in text.split(","))
    except ValueError:
        rates = ()
    if not rates or not all(0 < rate < 1 for rate in rates):
        raise click.UsageError(f"--rates is {text!r}, expected numbers between 0 and 1 with commas, like 1e-5,5e-5")
    return rates


def _without(records: list[Record], names: set[str]) -> list[Record]:
    from clipseek.sources import shown

    return [record for record in records if shown(record.image) not in names]


def _load(records: dict[str, list[Record]], base: str, *, cache: bool) -> dict[str, Pairs]:
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.data.pixels import default_cache
    from clipseek.training.model.checkpoint import load_checkpoint

    image = load_checkpoint(base).image
    loaded = {}
    for part, own in records.items():
        with ProgressLine(f"decoding {part}") as line:
            loaded[part] = load_pairs(own, image, line.show, cache=default_cache() if cache else None)
        note(f"{part}: {count(len(loaded[part]), 'pair')}, {len(loaded[part].skipped):,} skipped")
    return loaded


def _show_plan(settings: Settings, pairs: dict[str, int], leaks: Leaks, as_json: bool) -> None:
    run = settings.talk(0)
    steps = -(-(run.samples or 0) // run.batch_size)
    plan: dict[str, Any] = {
        "pairs": pairs,
        "leaks": leaks.shared,
        "left_out": leaks.dropped,
        "rates": list(settings.rates),
        "steps": {
            "run-5": round(steps * settings.epochs),
            "rates": len(settings.rates) * round(steps * settings.trial(settings.rates[0]).epochs),
        },
        "seeds": settings.seeds,
        "base": settings.base,
    }
    if as_json:
        print_json(plan)
        return
    for part, number in pairs.items():
        data(f"{number:>9,} pairs    {part}")
    data(f"{plan['steps']['rates']:>9,} steps    {len(settings.rates)} short runs that choose the rate of run-5")
    data(
        f"{plan['steps']['run-5']:>9,} steps    of run-5 in batches of {run.batch_size}, twice for each of {settings.seeds} seeds"
    )
    data("          seconds  ours takes as many as run-5 with its rate tuned")
    note("a dry run: nothing was trained; leave --dry-run out to go on")
