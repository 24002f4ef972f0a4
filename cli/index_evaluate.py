"""``clipseek index evaluate``: how well, and how quickly, an index answers held-out queries."""

from __future__ import annotations

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
from .options.judgments import labelled_queries, qrels_option
from .options.paths import FilePath
from .terminal.output import count, note, print_json, print_table
from .terminal.progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.relevance.evaluate_index import IndexEvaluation

SHOWN = ("MRR@10", "R@1", "R@10", "nDCG@10")
PERCENTILES = ("p50", "p95", "p99")


@click.command()
@click.argument("judgments", type=FilePath(path_type=Path))
@index_option
@url_option
@model_option
@query_column_option
@group_column_option
@click.option("--others", is_flag=True, help="Exclude each query's own picture; the others of its group are right.")
@qrels_option
@click.option(
    "--no-complete",
    "both_ways",
    is_flag=True,
    help="Also search every hybrid with --no-complete, and print what scoring every candidate by every clause gains.",
)
@click.option("--queries", default=500, show_default=True, type=click.IntRange(1), help="Maximum sample of queries.")
@click.option("-k", "size", default=20, show_default=True, type=click.IntRange(20, 1000), help="Hits of each search.")
@click.option(
    "--runs",
    type=FilePath(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write TREC run files and qrels there.",
)
@json_option
def evaluate(
    judgments: Path,
    index: str,
    url: str | None,
    model: Path | None,
    query_column: str,
    group_column: str,
    others: bool,
    qrels: Path | None,
    both_ways: bool,
    queries: int,
    size: int,
    runs: Path | None,
    as_json: bool,
) -> None:
    """Search the index with held-out queries, JUDGMENTS, in every mode: by caption, vector, both, a picture, a picture and words.

    JUDGMENTS is a manifest whose pictures are in the index: each row's words should find its picture (by id), or one of its group.
    A picture searches with its own stored vector and is left out; right are the others of its group. Prints MRR@10, R@k (a right
    one among the first k), nDCG@10, the 95 % interval of the first, and how long a search takes.
    """
    client, version = open_index(index, url)
    from clipseek.relevance.evaluate_index import evaluate_index

    labelled = labelled_queries(
        judgments, qrels, query_column=query_column, group_column=group_column, others=others, most=queries
    )
    encoder = encoder_of_index(model, version)
    with ProgressLine("searching") as line:
        report = evaluate_index(
            client, version, encoder, labelled, size=size, both_ways=both_ways, runs=runs, progress=line.show
        )
    if as_json:
        print_json(report.as_dict())
    else:
        _print_table(report)
    for gained in report.complete_gains:
        low, high = gained.interval
        note(f"complete gains {gained.gain:+.3f} MRR@10 (95 %: {low:+.3f} to {high:+.3f}) in {gained.mode}")
    if report.left_out:
        note(f"{count(report.left_out, 'query', 'queries')} without a right answer in the index left out")
    if runs is not None:
        note(f"wrote {count(len(report.modes), 'run')} and their qrels into {runs}")
    note(f"encoding a query's words takes {report.encoding:.1f} ms (median), which is not in the times above")
    if all(mode.mode != "picture" for mode in report.modes):
        note("no searches by a picture: no query has another picture of its group in the index")


def _print_table(report: IndexEvaluation) -> None:
    rows = []
    for row in report.modes:
        low, high = row.intervals["MRR@10"]
        first, *others = (f"{row.figures[name]:.3f}" for name in SHOWN)
        times = [f"{row.milliseconds[name]:.1f}" for name in PERCENTILES]
        rows.append([row.mode, f"{row.queries:,}", first, f"{low:.3f}-{high:.3f}", *others, *times])
    latencies = [f"{name} ms" for name in PERCENTILES]
    columns = ["search", "queries", "MRR@10", "95 %", *SHOWN[1:], *latencies]
    print_table(columns, rows, right=["queries", *SHOWN, *latencies])
