"""``clipseek judgments``: what people clicked and liked as judgments, for tuning, evaluation and the next training."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone
from pathlib import Path

import click

from .groups import Group
from .opening import open_index
from .options.common import index_option, json_option, url_option
from .options.paths import FilePath
from .terminal.output import count, note, print_json


@click.group(cls=Group)
def judgments() -> None:
    """Make judgments of logged searches, clicks and thumbs (clipseek serve --log-searches)."""


@judgments.command("export")
@click.argument("folder", type=FilePath(file_okay=False, path_type=Path))
@index_option
@url_option
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Only searches of that day (UTC) and later, e.g. 2024-05-01.  [default: all that are logged]",
)
@click.option(
    "--min-clicks",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Searches with the same words in which a picture must have been clicked to be right; a thumb up does alone.",
)
@click.option(
    "--min-searches",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Leave out words that were searched for less often: rare words may say who searched.",
)
@click.option(
    "--min-skips",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Searches in which a picture must have been shown above a clicked one, and not clicked, to be a hard negative; "
    "a thumb down does alone.",
)
@click.option(
    "--eta",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 3),
    help="Severity of the position bias: a click at rank r counts r ** eta, at most 10. 0 counts all clicks alike.",
)
@json_option
def export(
    folder: Path,
    index: str,
    url: str | None,
    since: datetime | None,
    min_clicks: int,
    min_searches: int,
    min_skips: int,
    eta: float,
    as_json: bool,
) -> None:
    """Write judgments and training pairs made of logged searches into FOLDER.

    queries.tsv and judgments.qrels (TREC) are for clipseek tune and clipseek index evaluate with --qrels; positives.jsonl is a
    manifest for clipseek train; negatives.jsonl has hard negatives in the same form. Searches with pictures or unwanted words are
    left out: their words alone do not say what they were after.
    """
    client, version = open_index(index, url)
    from clipseek.relevance.clicks.events import read_searches
    from clipseek.relevance.clicks.export import NEGATIVES, POSITIVES, QRELS, QUERIES
    from clipseek.relevance.clicks.export import export as write
    from clipseek.relevance.clicks.judging import Least, judge

    start = None if since is None else since.replace(tzinfo=timezone.utc)
    searches = read_searches(client, index, since=start)
    judged = judge(searches, Least(min_clicks, min_searches, min_skips), eta)
    if not any(query.right for query in judged):
        raise click.ClickException(
            f"{count(len(searches), 'logged search', 'logged searches')} of index {index} by words, and no picture that is right "
            f"by {count(min_clicks, 'click')} or a thumb up; wait for more, or lower --min-clicks and --min-searches"
        )
    written = write(client, version, judged, folder)
    if as_json:
        print_json({"searches": len(searches), **dataclasses.asdict(written)})
    note(
        f"{count(len(searches), 'search', 'searches')} made {count(written.queries, 'query', 'queries')} with "
        f"{count(written.right, 'right picture')}: {folder / QUERIES}, {folder / QRELS}"
    )
    note(
        f"{count(written.pairs, 'pair')} in {folder / POSITIVES}, {written.negatives:,} hard negatives in {folder / NEGATIVES}"
    )
    if written.gone:
        note(f"{count(written.gone, 'judged picture')} left out: the index no longer has them")
    if written.in_archives:
        note(f"{count(written.in_archives, 'judged picture')} only judged: in archives, which a manifest cannot name")
    note(f"next: clipseek tune {folder / QUERIES} --qrels {folder / QRELS} --index {index}")
