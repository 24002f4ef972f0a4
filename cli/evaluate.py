"""``clipseek evaluate``: how well a model ranks held-out pairs."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from clipseek.files.whole import write_whole

from .opening import open_model, read_listed, read_pairs
from .options.common import (
    DeviceOptions,
    device_options,
    held_out_pair_options,
    html_option,
    json_option,
    no_cache_option,
)
from .terminal.evaluate_slices import cells_of, show_slices
from .terminal.long_captions import in_evaluation, long_captions_option, say_long
from .terminal.output import count, data, note, print_json
from .trackers import check_installed, report_figures, report_option

if TYPE_CHECKING:
    from clipseek.encoder.bundle.bundle import ImageSpec
    from clipseek.evaluation import Change, Report
    from clipseek.evaluation.reports.examples import JudgedModel
    from clipseek.evaluation.reports.slices import Slice
    from clipseek.export.models import Model
    from clipseek.sources import Record, Source
    from clipseek.training.data.pairs import Pairs


@click.command()
@click.argument("model")
@held_out_pair_options
@click.option("--batch", default=64, show_default=True, type=click.IntRange(2), help="Pairs per batch to rank within.")
@click.option("--seed", default=0, show_default=True, help="Random seed of the shuffle into batches.")
@device_options
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16"]),
    default="fp32",
    show_default=True,
    help="Compute dtype of a checkpoint; auto is bf16 where the hardware supports it.",
)
@no_cache_option
@click.option(
    "--by",
    "columns",
    multiple=True,
    metavar="COLUMN",
    help="Also MRR@20 of MODEL for each value of this column of SOURCE, or group, that at least 20 captions have, the worst first. "
    "Repeatable.",
)
@long_captions_option
@click.option("--against", metavar="OTHER", help="Checkpoint or bundle to compare MODEL with, on the same pairs.")
@html_option
@report_option
@json_option
def evaluate(
    model: str,
    source: Source,
    batch: int,
    seed: int,
    device: DeviceOptions,
    precision: str,
    no_cache: bool,
    columns: tuple[str, ...],
    long_captions: str,
    against: str | None,
    sheet: Path | None,
    report_to: str | None,
    as_json: bool,
) -> None:
    """Rank the pairs of SOURCE with MODEL, a checkpoint (folder or hub id) or a bundle, in both directions.

    Prints MRR@k and R@k within shuffled batches, as Sujit Pal's Haystack 2022 talk does, and over the whole gallery, with the
    sizes of both: small batches are much easier. Pairs of an equal caption or group, and captions of one picture, match each
    other; ties count against the model.

    With --against, each figure of MODEL (after) is set beside that of OTHER (before): the difference, its 95 % interval,
    and the p value of a paired test in which queries of a group stay together.
    """
    from clipseek.evaluation import compare, report_of
    from clipseek.evaluation.reports.slices import slices
    from clipseek.export.models import judge

    check_installed(report_to)
    if sheet is not None:
        _check_writable(sheet)
    models = [open_model(name, device, precision) for name in (model, against) if name is not None]
    long = in_evaluation(models[0], long_captions)
    chosen = source.chosen()
    records = long.records(read_listed(source, chosen))
    say_long(source, long)
    pairs = _pairs(source, models, records, cache=not no_cache)
    cells = cells_of(columns, pairs[0])  # a column that is not there is refused before anything is encoded
    seen = _trained_on([one.name for one in models], pairs[0])
    judged = judge(models, pairs, batch=batch, seed=seed)
    reports = [report_of(one.ranked) for one in judged]
    changes = compare(judged[1].ranked, judged[0].ranked) if against is not None else []
    parts = slices(judged[0].ranked, cells)
    if sheet is not None:
        _write_sheet(sheet, source.path, judged, pairs[0], reports, changes, parts)
    report_figures(report_to, {"model": model, "source": str(source.path)}, reports[0].as_dict())
    pictures = pairs[0].truth().pictures
    if not as_json:
        _show(reports, changes, [one.name for one in judged], pictures, batch)
        show_slices(columns, parts)
        return
    value = {
        "model": model,
        "source": str(source.path),
        "split": chosen.read,
        "pairs": len(pairs[0]),
        "pictures": pictures,
    }
    value |= {
        "trained_on": seen[0],
        "skipped": len(pairs[0].skipped),
        "long_captions": long.captions,
        "cleaned": chosen.cleaning.captions if chosen.cleaning is not None else 0,
        "data": pairs[0].fingerprint(),
        **reports[0].as_dict(),
    }
    if columns:
        value["slices"] = [part.as_dict() for part in parts]
    if against is not None:
        value["against"] = {"model": against, **reports[1].as_dict()}
        value["changes"] = [change.as_dict() for change in changes]
    print_json(value)


def _pairs(source: Source, models: list[Model], records: list[Record], *, cache: bool) -> list[Pairs]:
    """For each model the same pairs in its own pixels; says how many only one of them can read."""
    from clipseek.export.models import pairs_of_each

    loaded: list[int] = []

    def load(image: ImageSpec) -> Pairs:
        pairs = read_pairs(source, image, cache=cache, records=records)
        loaded.append(len(pairs))
        return pairs

    pairs = pairs_of_each(source, models, load)
    if lost := max(loaded) - len(pairs[0]):
        note(f"{count(lost, 'pair')} readable for one model alone, dropped for both")
    return pairs


def _trained_on(names: list[str], pairs: Pairs) -> list[int | None]:
    """For each model how many of the pictures it was trained on, None where that is not known; both are said."""
    from clipseek.training.data.trained_on import trained_on

    found = [trained_on(Path(name), pairs) for name in names]
    of = len(pairs.shown_pictures()[0])
    for name, number in zip(names, found, strict=True):
        if number is None:
            note(f"{name}: it is not known whether it was trained on some of these pictures (it has no trained_on.bin)")
        if number:
            note(
                f"{name} was trained on {number:,} of these {of:,} pictures: its figures tell nothing of new ones; "
                "name pairs that it never saw (clipseek data check A --against B finds what two sources share)"
            )
    return found


def _show(reports: list[Report], changes: list[Change], names: list[str], pictures: int, batch: int) -> None:
    """The tables for a person, and what the batches did not hold."""
    from clipseek.evaluation import comparison_table, report_table

    data(report_table(list(reports[0].rows())))
    if changes:
        data(f"\nafter: {names[0]}\nbefore: {names[1]}\n")
        data(comparison_table(changes))
    drawn = next(iter(reports[0].in_batches.values()))
    if drawn.gallery < batch:
        note(f"{count(pictures, 'picture')} do not fill a batch of {batch}: they were ranked as one of {drawn.gallery}")
    elif drawn.queries < pictures:
        note(f"batches are full and hold no two pairs that match each other: {pictures - drawn.queries:,} left out")


def _check_writable(sheet: Path) -> None:
    """Make the folder of the report; minutes of work must not end at a path that cannot be written."""
    try:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(sheet if sheet.exists() else sheet.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as problem:
        raise click.UsageError(f"--html {sheet} cannot be written ({problem.strerror}); name another file") from None


def _write_sheet(
    sheet: Path,
    source: Path,
    judged: list[JudgedModel],
    pairs: Pairs,
    reports: list[Report],
    changes: list[Change],
    parts: list[Slice],
) -> None:
    """The HTML report, whole or not at all; its pictures are the pixels that the first model sees."""
    from clipseek.sheets.evaluation import Shown, render_report

    used = pairs.shown_pictures()[0]
    shown = Shown(str(source), pairs.captions, lambda picture: pairs.pixels[used[picture]])
    write_whole(sheet, render_report(judged, pairs.truth(), shown, reports, changes, parts))
    note(f"wrote {sheet}")
