"""``clipseek pipelines``: ways to join scores that the server keeps under names."""

from __future__ import annotations

from typing import Any

import click

from .groups import Group
from .opening import open_client
from .options import index_option, json_option, url_option
from .output import data, note, print_json, print_table


@click.group(cls=Group)
def pipelines() -> None:
    """Keep ways to join a hybrid's scores on the server, under names, for clipseek and for other clients."""


@pipelines.command("list")
@url_option
@json_option
def list_command(url: str | None, as_json: bool) -> None:
    """Every search pipeline of the server."""
    client = open_client(url)
    from clipseek.opensearch.search.stored_pipelines import list_pipelines, used_by

    found = [(one, used_by(client, one.name)) for one in list_pipelines(client)]
    if as_json:
        rows = [
            {
                "name": one.name,
                "fusion": one.fusion,
                "mean": one.mean if one.fusion else None,
                "weights": list(one.weights),
                "other": one.other or None,
                "default_of": users,
            }
            for one, users in found
        ]
        print_json(rows)
        return
    if not found:
        note("no search pipeline; make one with: clipseek pipelines put NAME")
        return
    print_table(
        ["name", "fusion", "mean", "weights", "default of"],
        [
            [
                one.name,
                one.fusion or one.other,
                one.mean if one.fusion in ("min_max", "l2") else "",
                ", ".join(f"{weight:g}" for weight in one.weights),
                ", ".join(users),
            ]
            for one, users in found
        ],
    )


@pipelines.command()
@click.argument("name")
@url_option
def show(name: str, url: str | None) -> None:
    """What the server keeps as NAME, as JSON."""
    client = open_client(url)
    from clipseek.opensearch.search.stored_pipelines import get_pipeline

    print_json(dict(get_pipeline(client, name).body))


@pipelines.command()
@click.argument("name")
@click.option(
    "--fusion",
    type=click.Choice(["min_max", "l2", "z_score", "rrf"]),
    default="min_max",
    show_default=True,
    help="How scores join.",
)
@click.option(
    "--mean",
    type=click.Choice(["arithmetic", "geometric", "harmonic"]),
    default="arithmetic",
    show_default=True,
    help="How min_max and l2 scores are averaged.",
)
@click.option("--weight", type=float, help="Share of the vectors, 0 to 1.  [default: 0.5]")
@click.option("--weights", metavar="W,W,...", help="Of each clause instead, in their order, for search --clauses.")
@click.option("--replace", is_flag=True, help="Also where another pipeline has that name.")
@url_option
def put(
    name: str, fusion: Any, mean: Any, weight: float | None, weights: str | None, replace: bool, url: str | None
) -> None:
    """Keep a way to join scores as NAME; search with it by: clipseek search WORDS --pipeline NAME."""
    client = open_client(url)
    from clipseek.opensearch.query.pipelines import pipeline, read_weights, shared_weights
    from clipseek.opensearch.query.server_support import check_fusion
    from clipseek.opensearch.search.stored_pipelines import put_pipeline
    from clipseek.opensearch.server.capabilities import server_version

    if weights is not None and weight is not None:
        raise click.UsageError("--weights has one for each clause; leave --weight out")
    shares = read_weights(weights) if weights is not None else shared_weights(0.5 if weight is None else weight)
    body = pipeline(fusion, shares, clauses=len(shares), mean=mean)
    check_fusion(server_version(client), fusion, shares)
    put_pipeline(client, name, body, replace=replace)
    data(f"search pipeline {name}: {fusion}; search with it by: clipseek search WORDS --pipeline {name}")


@pipelines.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do it; without, nothing is deleted.")
@url_option
def delete(name: str, yes: bool, url: str | None) -> None:
    """Delete the pipeline NAME; not while it is the default of an index."""
    if not yes:
        raise click.UsageError(f"deleting {name} cannot be undone; say --yes")
    client = open_client(url)
    from clipseek.opensearch.search.stored_pipelines import delete_pipeline

    delete_pipeline(client, name)
    data(f"deleted search pipeline {name}")


@pipelines.command()
@click.argument("name", required=False)
@click.option("--clear", is_flag=True, help="No pipeline is the default any more; what clipseek tune chose is again.")
@index_option
@url_option
def default(name: str | None, clear: bool, index: str, url: str | None) -> None:
    """Make the pipeline NAME what hybrid searches of an index use; without NAME, say which it is."""
    if name and clear:
        raise click.UsageError("give a NAME or --clear, not both")
    client = open_client(url)
    from clipseek.opensearch.index import versions
    from clipseek.opensearch.search.stored_pipelines import make_default

    version = versions.current(client, index)
    if name or clear:
        make_default(client, version, name)
        version = versions.current(client, index)
    there = version.search.get("pipeline")
    data(f"index {index}: {f'search pipeline {there}' if there else 'no search pipeline is its default'}")
