"""``clipseek tune``: which fusion of captions and vectors finds the right pictures of an index."""

from __future__ import annotations

from pathlib import Path

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
from .terminal.output import note, print_json
from .terminal.progress import ProgressLine
from .terminal.tuning_report import conclusions, print_tables


@click.command()
@click.argument("judgments", type=FilePath(path_type=Path))
@index_option
@url_option
@model_option
@query_column_option
@group_column_option
@qrels_option
@click.option("--others", is_flag=True, help="Exclude each query's own picture; the others of its group are right.")
@click.option("--queries", default=500, show_default=True, type=click.IntRange(20), help="Maximum sample of queries.")
@click.option(
    "--ef-search",
    multiple=True,
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Also try this ef_search. Repeatable.  [default: 400 and 800 where HNSW recall@10 is below 0.99]",
)
@click.option("--dry-run", is_flag=True, help="Print the report without changing the index's default.")
@json_option
def tune(
    judgments: Path,
    index: str,
    url: str | None,
    model: Path | None,
    query_column: str,
    group_column: str,
    qrels: Path | None,
    others: bool,
    queries: int,
    ef_search: tuple[int, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Find the best fusion, weight, wording and depth for an index on held-out pairs, JUDGMENTS, and keep it as its default.

    JUDGMENTS is a manifest of pictures in the index: each row's words should find its picture (by id), or one of its group. Where
    the captions in the index are the very words that are searched with, captions alone find everything: use --others then, or
    another --query-column. Settings are compared by cross-validated MRR@10 with 95 % intervals; clipseek search uses the best.
    """
    client, version = open_index(index, url)
    from clipseek.relevance.tuning import tune

    labelled = labelled_queries(
        judgments, qrels, query_column=query_column, group_column=group_column, others=others, most=queries
    )
    encoder = encoder_of_index(model, version)
    with ProgressLine("searching") as line:
        report = tune(client, version, encoder, labelled, ef_searches=ef_search, write=not dry_run, progress=line.show)
    if as_json:
        print_json(report.as_dict())
    else:
        print_tables(report)
    for sentence in conclusions(report, index, others=others):
        note(sentence)
