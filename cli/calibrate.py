"""``clipseek calibrate``: from which cosine on a hit is worth showing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .opening import encoder_of_index, open_index
from .options.common import (
    group_column_option,
    index_option,
    json_option,
    model_option,
    query_column_option,
    url_option,
)
from .options.paths import FilePath
from .terminal.output import count, note, print_json, print_table

if TYPE_CHECKING:
    from clipseek.relevance.calibration import CalibrationReport

ENOUGH = 1000


@click.command()
@click.argument("judgments", type=FilePath(path_type=Path))
@click.option(
    "--background",
    type=FilePath(path_type=Path),
    metavar="FILE",
    help="Queries that nothing in the index answers: a manifest, or a .txt with one a line.",
)
@click.option(
    "--rate",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="False-positive rate: share of background queries that may have a hit above the cut-off.",
)
@index_option
@url_option
@model_option
@query_column_option
@group_column_option
@click.option(
    "--queries",
    default=3000,
    show_default=True,
    type=click.IntRange(100),
    help="Maximum sample of queries of each kind.",
)
@click.option("--dry-run", is_flag=True, help="Print the report without changing the index's cut-off.")
@json_option
def calibrate(
    judgments: Path,
    background: Path | None,
    rate: float,
    index: str,
    url: str | None,
    model: Path | None,
    query_column: str,
    group_column: str,
    queries: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Learn the cut-off, the cosine below which a hit is no match, and keep it in the index for search --min-relevance auto.

    JUDGMENTS is a manifest of held-out pairs that are in the index. Without --background, its queries are searched again with their
    right pictures hidden, which shows how near the next best comes. The cut-off of each rate is tried on background queries that it
    was not learnt from; the table shows how many of them reach it, and how many held-out queries still have a hit.
    """
    client, version = open_index(index, url)
    from clipseek.relevance.calibration import calibrate
    from clipseek.relevance.labelled_queries import read_background, read_pairs

    held_out = read_pairs(judgments, query_column=query_column, group_column=group_column, most=queries)
    others = None
    if background is not None:
        others = read_background(background, query_column=query_column, group_column=group_column, most=queries)
    encoder = encoder_of_index(model, version)
    sources = [str(source) for source in (judgments, background) if source is not None]
    kinds = (
        f"{count(len(held_out), 'held-out query', 'held-out queries')} and {len(others or held_out):,} of background"
    )
    note(f"searching with up to {kinds}")
    report = calibrate(client, version, encoder, held_out, others, rate=rate, sources=sources, write=not dry_run)
    if as_json:
        print_json(report.as_dict())
    else:
        _print_table(report)
    for line in _conclusions(report, index):
        note(line)


def _print_table(report: CalibrationReport) -> None:
    rows = [
        [f"{point.rate:.1%}", f"{point.cosine:.4f}", *map("{:.1%}".format, (point.unseen, point.answered, point.kept))]
        for point in report.rates
    ]
    columns = ["rate", "cosine", "unseen background", "held-out answered", "right picture kept"]
    print_table(columns, rows, right=columns)


def _conclusions(report: CalibrationReport, index: str) -> Iterator[str]:
    chosen, (low, high) = report.cut, report.cut.unseen_interval
    yield (
        f"cut-off: cosine {chosen.cosine:.4f}. {chosen.unseen:.1%} of unseen background queries reach it (95 %: {low:.1%} to "
        f"{high:.1%}; rate wanted: {chosen.rate:.1%})"
    )
    hybrids, way = report.hybrids, "complete hybrids" if report.hybrids.complete else "hybrids of two lists"
    reached, kept = ("{:.1%} to {:.1%}".format(*pair) for pair in (hybrids.reached_interval, hybrids.kept_interval))
    yield (
        f"in {way}, among the first ten hits: {hybrids.reached:.1%} of {hybrids.background:,} background queries have one that "
        f"reaches it (95 %: {reached}), {hybrids.kept:.1%} of {hybrids.pairs:,} held-out ones their right picture ({kept})"
    )
    if chosen.answered < 0.5:
        yield (
            f"only {chosen.answered:.0%} of the held-out queries have a hit that reaches it: this model's cosines hardly tell them "
            "from the background; take a higher --rate, or a background further away"
        )
    if report.cut.background < ENOUGH:
        yield f"{report.cut.background:,} background queries give a rough rate; give {ENOUGH:,} or more"
    if report.written:
        yield f"clipseek search WORDS --index {index} --min-relevance auto now uses it"
