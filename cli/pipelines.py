"""``clipseek pipelines``: ways to combine scores that the server stores under names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .groups import Group
from .opening import open_client, open_index
from .options.common import index_option, json_option, url_option
from .options.fusion import mean_option, technique_option
from .terminal.output import data, note, print_json, print_table

if TYPE_CHECKING:
    from clipseek.opensearch.query.fusion import Mean, Technique


@click.group(cls=Group)
def pipelines() -> None:
    """Store ways to combine a hybrid's scores on the server, under names, for clipseek and for other clients."""


@pipelines.command("list")
@url_option
@json_option
def list_command(url: str | None, as_json: bool) -> None:
    """Every search pipeline of the server."""
    client = open_client(url)
    from clipseek.opensearch.pipelines.stored_pipelines import list_pipelines, used_by

    rows: list[dict[str, Any]] = [
        {
            "name": pipeline.name,
            "fusion": pipeline.fusion and pipeline.fusion.technique,
            "mean": pipeline.fusion and pipeline.fusion.mean,
            "weights": list(pipeline.fusion.weights or ()) if pipeline.fusion else [],
            "other": pipeline.other or None,
            "default_of": used_by(client, pipeline.name),
        }
        for pipeline in list_pipelines(client)
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        note("no search pipeline; make one with: clipseek pipelines put NAME")
    else:
        print_table(["name", "fusion", "mean", "weights", "default of"], [_cells(**row) for row in rows])


def _cells(
    name: str, fusion: str | None, mean: str | None, weights: list[float], other: str | None, default_of: list[str]
) -> list[str]:
    shown_mean = str(mean) if fusion in ("min_max", "l2") else ""
    return [name, fusion or str(other), shown_mean, ", ".join(f"{w:g}" for w in weights), ", ".join(default_of)]


@pipelines.command()
@click.argument("name")
@url_option
def show(name: str, url: str | None) -> None:
    """Print the search pipeline NAME as JSON."""
    client = open_client(url)
    from clipseek.opensearch.pipelines.stored_pipelines import get_pipeline

    print_json(dict(get_pipeline(client, name).body))


@pipelines.command()
@click.argument("name")
@technique_option("min_max")
@mean_option("arithmetic")
@click.option("--weight", type=float, help="Share of the vectors in the score, 0 to 1.  [default: 0.5]")
@click.option(
    "--weights", metavar="W,W,...", help="Weight of each clause in their order instead, for search --clauses."
)
@click.option("--replace", is_flag=True, help="Replace a pipeline that has this name.")
@url_option
def put(
    name: str,
    technique: Technique,
    mean: Mean,
    weight: float | None,
    weights: str | None,
    replace: bool,
    url: str | None,
) -> None:
    """Store a way to combine scores as NAME; search with it by: clipseek search WORDS --pipeline NAME."""
    if weights is not None and weight is not None:
        raise click.UsageError("--weights has one for each clause; leave --weight out")
    client = open_client(url)
    from clipseek.opensearch import Fusion
    from clipseek.opensearch.pipelines.stored_pipelines import put_fusion
    from clipseek.opensearch.query.fusion import read_weights

    shares = read_weights(weights) if weights is not None else None
    put_fusion(client, name, Fusion(technique, mean, 0.5 if weight is None else weight, shares), overwrite=replace)
    data(f"search pipeline {name}: {technique}; search with it by: clipseek search WORDS --pipeline {name}")


@pipelines.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Confirm; without it nothing is deleted.")
@url_option
def delete(name: str, yes: bool, url: str | None) -> None:
    """Delete the pipeline NAME; not while it is the default of an index."""
    if not yes:
        raise click.UsageError(f"deleting {name} cannot be undone; confirm it with --yes")
    client = open_client(url)
    from clipseek.opensearch.pipelines.stored_pipelines import delete_pipeline

    delete_pipeline(client, name)
    data(f"deleted search pipeline {name}")


@pipelines.command()
@click.argument("name", required=False)
@click.option("--clear", is_flag=True, help="Go back to what clipseek tune chose.")
@index_option
@url_option
def default(name: str | None, clear: bool, index: str, url: str | None) -> None:
    """Make the pipeline NAME the default of an index's hybrid searches; without NAME, print the default."""
    if name and clear:
        raise click.UsageError("give a NAME or --clear, not both")
    client, version = open_index(index, url)
    from clipseek.opensearch.index import versions
    from clipseek.opensearch.pipelines.stored_pipelines import make_default

    if name or clear:
        make_default(client, version, name)
        version = versions.current(client, index)
    stored = version.search.get("pipeline")
    data(f"index {index}: {f'search pipeline {stored}' if stored else 'no search pipeline is its default'}")
