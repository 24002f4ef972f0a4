"""``clipseek index``: what indexes there are, whether one finds what is nearest, and taking one away."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from .groups import Group
from .index_advise import advise
from .index_evaluate import evaluate
from .opening import open_client
from .options import json_option, url_option
from .output import count, data, note, print_json, print_table


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
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do it; without, nothing is deleted.")
@url_option
def delete(name: str, yes: bool, url: str | None) -> None:
    """Delete the index NAME, or what is behind the alias NAME."""
    if not yes:
        raise click.UsageError(f"deleting {name} cannot be undone; say --yes")
    client = open_client(url)
    from clipseek.opensearch.index.inventory import delete_index

    for deleted in delete_index(client, name):
        data(deleted)


@index.command()
@click.argument("name", default="clipseek", envvar="CLIPSEEK_INDEX")
@click.option(
    "--queries", default=100, show_default=True, type=click.IntRange(5, 1000), help="Pictures to search with."
)
@click.option("--filter", "filters", multiple=True, metavar="F", help="Check with this filter too; as in search.")
@click.option("--seed", default=0, show_default=True, help="Which pictures are drawn.")
@url_option
@json_option
def check(name: str, queries: int, filters: tuple[str, ...], seed: int, url: str | None, as_json: bool) -> None:
    """Whether the index behind NAME finds what is nearest: its graph against an exact search.

    Draws pictures of the index and searches with their vectors, through the graph and by looking at every vector. recall@10 is the
    share of the ten truly nearest that the graph finds, with its 95 % interval. Without --filter, the most frequent value of the
    first keyword field is the filter.
    """
    client = open_client(url)
    from clipseek.evaluation.bootstrap import intervals
    from clipseek.opensearch.index import versions
    from clipseek.opensearch.query.filters import parse_filters
    from clipseek.relevance.ann_recall import KS, recalls, sample_vectors

    version = versions.current(client, name)
    vectors = sample_vectors(client, version, queries, seed)
    chosen = list(filters) or _usual_filter(client, version)
    cases: list[tuple[str, list[dict[str, Any]]]] = [("all pictures", [])]
    if chosen:
        cases.append((" ".join(chosen), parse_filters(chosen, version.fields)))
    report = []
    for label, clauses in cases:
        note(f"searching with {count(len(vectors), 'picture')}, {label}")
        found = recalls(client, version, vectors, clauses)
        bounds = intervals(found)
        for at, k in enumerate(KS):
            low, high = bounds[at]
            report.append({"pictures": label, "k": k, "recall": float(found[:, at].mean()), "low": low, "high": high})
    if as_json:
        print_json([{**row, "low": float(row["low"]), "high": float(row["high"])} for row in report])
    else:
        rows = [
            [row["pictures"], f"recall@{row['k']}", f"{row['recall']:.4f}", f"{row['low']:.4f}-{row['high']:.4f}"]
            for row in report
        ]
        print_table(["among", "figure", "mean", "95 %"], rows, right=["mean"])
    note(_advice(report, version.preset))


def _usual_filter(client: Any, version: Any) -> list[str]:
    field = next((column for column, kind in version.fields.items() if kind == "keyword"), None)
    if field is None:
        return []
    body = {"size": 0, "aggs": {"values": {"terms": {"field": f"metadata.{field}", "size": 1}}}}
    buckets = client.search(index=version.index, body=body)["aggregations"]["values"]["buckets"]
    return [f"{field}={buckets[0]['key']}"] if buckets else []


def _advice(report: list[dict[str, Any]], preset: str | None) -> str:
    worst = min(report, key=lambda row: float(row["recall"]))
    if worst["recall"] >= 0.99:
        return "the graph finds what is nearest; nothing to do"
    found = f"recall@{worst['k']} is {worst['recall']:.3f} among {worst['pictures']}"
    if preset == "talk":
        return f"{found}: search with more candidates (--depth 1000)"
    return f"{found}: search with more candidates (--depth 1000), or ingest into a new index with --preset talk"
