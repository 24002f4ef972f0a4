"""``clipseek index``: what indexes there are, whether one finds what is nearest, and taking one away."""

from __future__ import annotations

import dataclasses

import click

from .groups import Group
from .index_advise import advise
from .index_evaluate import evaluate
from .opening import open_client, open_index
from .options.common import json_option, url_option
from .options.gathering import index_or_name
from .terminal.output import count, data, note, print_json, print_table


@click.group(cls=Group)
def index() -> None:
    """List, check, evaluate, advise on and delete the indexes that clipseek made."""


index.add_command(evaluate)
index.add_command(advise)


@index.command("list")
@url_option
@json_option
def list_command(url: str | None, as_json: bool) -> None:
    """Every index with its aliases, pictures, model, size on disk and graph."""
    client = open_client(url)
    from clipseek.opensearch.index.inventory import list_indexes

    found = list_indexes(client)
    if as_json:
        print_json([dataclasses.asdict(facts) for facts in found])
        return
    if not found:
        note("no index that clipseek made; make one with: clipseek ingest SOURCE")
        return
    rows = [
        [
            facts.index,
            ", ".join(facts.aliases),
            f"{facts.pictures:,}",
            facts.fingerprint[:8],
            f"{facts.size / 1e6:,.1f} MB",
            facts.engine,
            str(facts.m or ""),
            str(facts.ef_construction or ""),
        ]
        for facts in found
    ]
    columns = ["index", "alias", "pictures", "model", "size", "engine", "m", "ef"]
    print_table(columns, rows, right=["pictures", "size", "m", "ef"])


@index.command()
@index_or_name(required=True)
@click.option("--yes", is_flag=True, help="Confirm the deletion; without it nothing is deleted.")
@url_option
def delete(index: str, yes: bool, url: str | None) -> None:
    """Delete the index NAME, or what is behind the alias NAME."""
    if not yes:
        raise click.UsageError(f"deleting {index} cannot be undone; confirm it with --yes")
    client = open_client(url)
    from clipseek.opensearch.index.inventory import delete_index

    for deleted in delete_index(client, index):
        data(deleted)


@index.command()
@index_or_name()
@click.option(
    "--queries", default=100, show_default=True, type=click.IntRange(5, 1000), help="Pictures to search with."
)
@click.option("--filter", "filters", multiple=True, metavar="F", help="Check with this filter too; as in search.")
@click.option("--seed", default=0, show_default=True, help="Random seed of the sample of pictures.")
@url_option
@json_option
def check(index: str, queries: int, filters: tuple[str, ...], seed: int, url: str | None, as_json: bool) -> None:
    """Measure the HNSW recall of the index behind NAME: whether it finds what an exact search finds.

    Draws pictures of the index and searches with their vectors, through the HNSW graph and by comparing every vector. Recall@10 is
    the share of the ten truly nearest that the graph finds, with its 95 % interval. Without --filter, the filter is the most
    frequent value of the first keyword field.
    """
    client, version = open_index(index, url)
    from clipseek.relevance.hnsw_recall import advice, check_index

    if version.declaring:
        note(
            f"the declaration of {', '.join(version.declaring)} was interrupted: filters on it do not find every document; "
            f"finish it with any clipseek ingest SOURCE --index {index}"
        )

    note(f"searching with {count(queries, 'picture')}, all and filtered")
    figures = check_index(client, version, queries=queries, filters=filters, seed=seed)
    if as_json:
        print_json([figure.as_dict() for figure in figures])
    else:
        rows = [
            [row.pictures, f"HNSW recall@{row.k}", f"{row.recall:.4f}", f"{row.low:.4f}-{row.high:.4f}"]
            for row in figures
        ]
        print_table(["among", "figure", "mean", "95 %"], rows, right=["mean"])
    note(advice(figures, version.preset))
