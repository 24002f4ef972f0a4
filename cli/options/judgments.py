"""Judgments in either of their forms: a manifest, or queries with TREC judgments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .paths import FilePath

if TYPE_CHECKING:
    from clipseek.relevance.labelled_queries import LabelledQuery

qrels_option = click.option(
    "--qrels",
    type=FilePath(path_type=Path),
    metavar="FILE",
    help="TREC judgments; JUDGMENTS is then lines of query id, tab, words, as clipseek judgments export writes them.",
)


def labelled_queries(
    judgments: Path, qrels: Path | None, *, query_column: str, group_column: str, others: bool, most: int
) -> list[LabelledQuery]:
    """At most ``most`` queries with right answers. Raises UsageError for --others with --qrels, and the errors of the readers."""
    from clipseek.evaluation.trec import read_qrels
    from clipseek.relevance.labelled_queries import read_pairs, read_topics

    if qrels is None:
        return read_pairs(judgments, query_column=query_column, group_column=group_column, others=others, most=most)
    if others:
        raise click.UsageError("--others is for a manifest: queries with --qrels have no picture of their own")
    return read_topics(judgments, read_qrels(qrels), most)
