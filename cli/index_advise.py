"""``clipseek index advise``: which graph and compression suit an index's own vectors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from .opening import open_index
from .options.common import json_option, url_option
from .options.gathering import index_or_name
from .terminal.output import data, note, print_json, print_table

if TYPE_CHECKING:
    from clipseek.opensearch.index.mapping import IndexOptions
    from clipseek.relevance.advise import Advice, MeasuredGraph


@click.command()
@index_or_name()
@click.option(
    "--vectors", default=5000, show_default=True, type=click.IntRange(200, 10_000), help="Pictures in each variant."
)
@click.option(
    "--queries", default=100, show_default=True, type=click.IntRange(5, 1000), help="Searches of each variant."
)
@click.option(
    "--depth", default=200, show_default=True, type=click.IntRange(10, 10_000), help="Candidates, as in search --depth."
)
@click.option(
    "--recall", "least", default=0.99, show_default=True, help="HNSW recall@10 that is good enough, above 0 to 1."
)
@url_option
@json_option
def advise(index: str, vectors: int, queries: int, depth: int, least: float, url: str | None, as_json: bool) -> None:
    """Build small variants of an index on its own vectors, and find which has the best HNSW recall, memory and latency.

    Each variant (m, ef_construction, compression, and every engine that the server can run) is an index of its own that is removed
    before the next is built, also when interrupted. Marked are those that no other beats in all three; then comes the mapping
    of the one that needs least memory at a good enough recall@10. A larger index has a lower recall at the same settings: check it
    when it is full.
    """
    if not 0 < least <= 1:
        raise click.UsageError(f"--recall {least} is outside 0 to 1; give a share like 0.99")
    client, version = open_index(index, url, timeout=120)
    from clipseek.relevance.advise import advise

    def measured(options: IndexOptions, graph: MeasuredGraph | None) -> None:
        if graph is None:
            note(f"{options.engine} {options.preset}: the server does not take it")
        else:
            note(
                f"{options.engine} {options.preset}: HNSW recall@10 {graph.recall[0]:.4f}, built in {graph.seconds:.0f} s"
            )

    advice = advise(
        client, version, vectors=vectors, queries=queries, depth=depth, least_recall=least, measured=measured
    )
    if as_json:
        print_json(advice.as_dict())
    else:
        _print_table(advice)
        data(json.dumps(advice.mapping, indent=2))
    best = advice.best
    if best.recall[0] < least:
        note(f"none reaches HNSW recall@10 {least:g}; search with more candidates (--depth {10 * depth})")
    note(
        f"a new index like that: clipseek ingest SOURCE --index NEW --engine {best.options.engine} --preset {best.options.preset}"
    )


def _print_table(advice: Advice) -> None:
    rows = []
    for graph, on_front in zip(advice.measured, advice.on_front, strict=True):
        options = graph.options
        mark = "chosen" if graph is advice.best else "*" if on_front else ""
        rows.append(
            [
                options.engine,
                str(options.m),
                str(options.ef_construction),
                options.compression,
                *(f"{recall:.4f}" for recall in graph.recall),
                f"{graph.milliseconds:.1f}",
                f"{graph.memory * advice.pictures / 1e6:,.1f}",
                f"{graph.disk * advice.pictures / 1e6:,.1f}",
                f"{graph.seconds:.1f}",
                mark,
            ]
        )
    sizes = [f"memory MB of {advice.pictures:,}", "disk MB"]
    figures = ["m", "ef", "recall@10", "recall@100", "p50 ms", *sizes, "built s"]
    print_table(["engine", "m", "ef", "size", *figures[2:], "best"], rows, right=figures)
