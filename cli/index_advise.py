"""``clipseek index advise``: which graph and compression suit an index's own vectors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .opening import open_client
from .options import json_option, url_option
from .output import count, data, note, print_json, print_table

if TYPE_CHECKING:
    from clipseek.relevance.advise import Measured


@click.command()
@click.argument("name", default="clipseek", envvar="CLIPSEEK_INDEX")
@click.option(
    "--vectors", default=5000, show_default=True, type=click.IntRange(200, 10_000), help="Pictures in each variant."
)
@click.option("--queries", default=100, show_default=True, type=click.IntRange(5, 1000), help="Searches of each.")
@click.option(
    "--depth", default=200, show_default=True, type=click.IntRange(10, 10_000), help="Candidates, as in search --depth."
)
@click.option("--recall", "least", default=0.99, show_default=True, help="recall@10 that is good enough.")
@url_option
@json_option
def advise(name: str, vectors: int, queries: int, depth: int, least: float, url: str | None, as_json: bool) -> None:
    """Build small variants of the index behind NAME on its own vectors, and say which has the best of recall, memory and time.

    Each variant (m, ef_construction, compression, and every engine that the server can run) is an index of its own that is removed
    before the next is built, also when interrupted. Marked are those that no other beats in all three; then comes the mapping
    of the one that needs least memory at a good enough recall@10. A larger index finds less at the same settings: check it when
    it is full.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import numpy as np
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.opensearch.index import versions
    from clipseek.relevance import advise as trials
    from clipseek.relevance.ann_recall import sample_vectors

    if not 0 < least <= 1:
        raise click.UsageError(f"--recall {least} is outside 0 to 1; give a share like 0.99")
    client = open_client(url, timeout=120)
    version = versions.current(client, name)
    sample = np.stack(sample_vectors(client, version, vectors))
    if len(sample) < 200:
        raise InvalidOption(
            f"index {name} has {count(len(sample), 'picture')}; give it 200 or more to tell graphs apart"
        )
    rows = np.random.default_rng(0).permutation(len(sample))[:queries]
    tried = trials.variants(client)
    note(f"{count(len(tried), 'variant')} of {len(sample):,} vectors, {len(rows)} searches each")
    measured: list[Measured] = []
    for options in tried:
        found = trials.measure(client, options, sample, rows, name=trials.trial_name(version.alias), depth=depth)
        if found is None:
            note(f"{options.engine} {options.preset}: the server does not take it")
            continue
        measured.append(found)
        note(f"{options.engine} {found.preset}: recall@10 {found.recall[0]:.4f}, built in {found.seconds:.0f} s")
    if not measured:
        raise InvalidOption("the server took none of the variants; is its plugin opensearch-knn complete?")
    best = trials.choose(measured, least)
    front = trials.pareto(measured)
    pictures = int(client.count(index=version.index)["count"])
    mapping = best.options.body(version.dimension, {})["mappings"]["properties"]["image_vector"]
    if as_json:
        print_json(
            {
                "vectors": len(sample),
                "chosen": mapping,
                "variants": [_row(*one) for one in zip(measured, front, strict=True)],
            }
        )
    else:
        _table(measured, front, best, pictures)
        import json

        data(json.dumps(mapping, indent=2))
    if best.recall[0] < least:
        note(f"none reaches recall@10 {least:g}; search with more candidates (--depth {10 * depth})")
    note(
        f"a new index like that: clipseek ingest SOURCE --index NEW --engine {best.options.engine} --preset {best.preset}"
    )


def _row(one: Measured, on_front: bool) -> dict[str, Any]:
    return {
        "engine": one.options.engine,
        "preset": one.preset,
        "recall@10": one.recall[0],
        "recall@100": one.recall[1],
        "milliseconds": one.milliseconds,
        "disk": one.disk,
        "memory": one.memory,
        "seconds": one.seconds,
        "pareto": on_front,
    }


def _table(measured: Sequence[Measured], front: Sequence[bool], best: Measured, pictures: int) -> None:
    rows = []
    for one, on_front in zip(measured, front, strict=True):
        mark = "chosen" if one is best else "*" if on_front else ""
        rows.append(
            [
                one.options.engine,
                str(one.options.m),
                str(one.options.ef_construction),
                one.options.compression,
                *(f"{share:.4f}" for share in one.recall),
                f"{one.milliseconds:.1f}",
                f"{one.memory * pictures / 1e6:,.1f}",
                f"{one.disk * pictures / 1e6:,.1f}",
                f"{one.seconds:.1f}",
                mark,
            ]
        )
    sizes = [f"memory MB of {pictures:,}", "disk MB"]
    figures = ["m", "ef", "recall@10", "recall@100", "p50 ms", *sizes, "built s"]
    print_table(["engine", "m", "ef", "size", *figures[2:], "best"], rows, right=figures)
