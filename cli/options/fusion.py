"""How the scores of a hybrid's clauses are fused: options of ``clipseek search`` and ``clipseek pipelines put``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .gathering import gathered

if TYPE_CHECKING:
    from clipseek.opensearch import Fusion


def technique_option(default: str | None) -> Callable[[Any], Any]:
    choices = ["min_max", "l2", "z_score", "rrf"]
    return _choice("--fusion", "technique", choices, default, "How the scores of a hybrid's clauses are combined.")


def mean_option(default: str | None) -> Callable[[Any], Any]:
    choices = ["arithmetic", "geometric", "harmonic"]
    return _choice("--mean", "mean", choices, default, "Mean of min_max and l2 scores.")


def _choice(name: str, field: str, choices: list[str], default: str | None, text: str) -> Callable[[Any], Any]:
    usual = "" if default else f"  [default: {choices[0]}, or what clipseek tune chose]"
    return click.option(name, field, type=click.Choice(choices), default=default, show_default=True, help=text + usual)


def _fuse(**given: Any) -> Callable[[Fusion], Fusion]:
    named = {"--fusion": given["technique"], "--mean": given["mean"], "--weight": given["weight"]}
    if given["pipeline"] is not None and (others := sorted(name for name, value in named.items() if value is not None)):
        raise click.UsageError(f"--pipeline says how scores are fused; leave {others[0]} out, or --pipeline")
    return lambda default: default.changed(**given)


#: The command gets ``fuse``: a default Fusion with what was given.
fusion_options = gathered(
    "fuse",
    _fuse,
    click.option(
        "--weight",
        type=float,
        help="Share of the vectors in a hybrid's score, 0 to 1.  [default: 0.5, or what clipseek tune chose]",
    ),
    technique_option(None),
    mean_option(None),
    click.option(
        "--pipeline", metavar="NAME", help="Combine scores with this search pipeline stored on the server instead."
    ),
    click.option(
        "--depth",
        type=int,
        metavar="N",
        help="Candidates of each clause.  [default: 200, or what clipseek tune chose; more for pages beyond]",
    ),
    click.option(
        "--ef-search",
        type=int,
        metavar="N",
        help="ef_search of the HNSW graph: more raises the recall and takes longer.  [default: the engine's own]",
    ),
    click.option(
        "--complete/--no-complete",
        default=None,
        help="Score every candidate of a hybrid by every clause, also those that another clause brought.  "
        "[default: --complete, or what clipseek tune chose]",
    ),
)
