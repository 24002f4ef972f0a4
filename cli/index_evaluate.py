"""``clipseek index evaluate``: how well, and how quickly, an index answers held-out queries."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .opening import encoder_of_index, open_client
from .options import group_column_option, index_option, json_option, model_option, query_column_option, url_option
from .output import count, note, print_json, print_table
from .progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.relevance.evaluate_index import Listed
    from clipseek.relevance.labelled_queries import Judged

SHOWN = ("MRR@10", "R@1", "R@10", "nDCG@10")
PERCENTILES = (50, 95, 99)


@click.command()
@click.argument("judgments", type=click.Path(path_type=Path))
@index_option
@url_option
@model_option
@query_column_option
@group_column_option
@click.option("--others", is_flag=True, help="Leave each query's own picture out; the others of its group are right.")
@click.option(
    "--qrels", type=click.Path(path_type=Path), help="TREC judgments; JUDGMENTS is then lines of query id, tab, words."
)
@click.option(
    "--queries", default=500, show_default=True, type=click.IntRange(1), help="At most so many, drawn at random."
)
@click.option("-k", "size", default=20, show_default=True, type=click.IntRange(20, 1000), help="Hits of each search.")
@click.option("--runs", type=click.Path(file_okay=False, path_type=Path), help="Write TREC run files and qrels there.")
@json_option
def evaluate(judgments: Path, as_json: bool, **given: Any) -> None:
    """Search the index with held-out queries, JUDGMENTS, in every way: by caption, vector, both, a picture, a picture and words.

    JUDGMENTS is a manifest whose pictures are in the index: each row's words should find its picture (by id), or one of its group.
    A picture searches with its own stored vector and is left out; right are the others of its group. Prints MRR@10, R@k (a right
    one among the first k), nDCG@10, the 95 % interval of the first, and how long a search takes.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from clipseek.evaluation.judgments import numbered
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.opensearch.index import versions
    from clipseek.opensearch.index.stored_vectors import stored_ids
    from clipseek.opensearch.server.capabilities import server_version
    from clipseek.relevance import evaluate_index as live
    from clipseek.relevance.labelled_queries import in_index

    read = _read(judgments, given)
    client = open_client(given["url"])
    version = versions.current(client, given["index"])
    there = stored_ids(client, version, [name for one in read for name in (*one.grades, one.own or "")])
    judged = in_index(read, there)
    if not judged:
        raise InvalidOption(
            f"none of the {count(len(read), 'query', 'queries')} of {judgments} has a right answer in index "
            f"{version.alias}; give judgments whose ids are in it"
        )
    if len(judged) < len(read):
        note(f"{count(len(read) - len(judged), 'query', 'queries')} without a right answer in the index left out")
    if given["runs"] is not None:
        _write_qrels(given["runs"], judged)  # first: a place that cannot be written must not cost the searches
    encoder = encoder_of_index(given["model"], version)
    versions.guard(version, encoder.fingerprint, encoder.dimension)
    texts = encoder.encode_texts([one.words for one in judged])
    encoding = _encoding_time(encoder, [one.words for one in judged[:50]])
    tried = live.ways(version, server_version(client), live.shards_of(client, version))
    found: list[dict[str, Listed]] = []
    with ProgressLine("searching", len(judged)) as progress:
        for listed in live.run(client, version, judged, texts, tried, size=given["size"]):
            found.append(listed)
            progress.update(len(found))
    groups, _ = numbered([one.group for one in judged])
    report = []
    for way in tried:
        rows = [at for at, listed in enumerate(found) if way.name in listed]
        if rows:
            report.append(
                _figures(way.name, [judged[at] for at in rows], [found[at][way.name] for at in rows], groups[rows])
            )
        if rows and given["runs"] is not None:
            _write_run(given["runs"], way.name, [judged[at] for at in rows], [found[at][way.name] for at in rows])
    if given["runs"] is not None:
        note(f"wrote {count(len(report), 'run')} and their qrels into {given['runs']}")
    if as_json:
        print_json(
            {
                "index": version.index,
                "queries": len(judged),
                "hits": given["size"],
                "encoding": encoding,
                "ways": report,
            }
        )
    else:
        _table(report)
    note(f"a search's words take {encoding:.1f} ms to encode (median), which is not in the times above")
    if len(report) < len(tried):
        note("no searches by a picture: no query has another picture of its group in the index")


def _read(judgments: Path, given: Mapping[str, Any]) -> list[Judged]:
    from clipseek.evaluation.trec import read_qrels
    from clipseek.relevance.labelled_queries import read_pairs, read_topics

    if given["qrels"] is None:
        columns = {name: given[name] for name in ("query_column", "group_column", "others")}
        return read_pairs(judgments, **columns, most=given["queries"])
    return read_topics(judgments, read_qrels(given["qrels"]))[: given["queries"]]


def _encoding_time(encoder: Any, texts: Sequence[str]) -> float:
    """Milliseconds to encode one text, the median."""
    import statistics

    seconds = []
    for text in texts:
        began = time.perf_counter()
        encoder.encode_texts([text])
        seconds.append(time.perf_counter() - began)
    return 1e3 * statistics.median(seconds)


def _figures(name: str, judged: Sequence[Judged], found: Sequence[Listed], groups: Any) -> dict[str, Any]:
    """Every figure of one way with its interval, and its latencies."""
    import numpy as np
    from clipseek.evaluation.bootstrap import intervals
    from clipseek.evaluation.ranked_lists import NAMES, list_figures

    values = np.stack([list_figures(listed.ids, _grades(name, one)) for one, listed in zip(judged, found, strict=True)])
    bounds = intervals(values, clusters=groups).tolist()
    latencies = {kind: [getattr(listed, kind) for listed in found] for kind in ("milliseconds", "took")}
    return {
        "way": name,
        "queries": len(judged),
        "figures": dict(zip(NAMES, values.mean(axis=0).tolist(), strict=True)),
        "intervals": dict(zip(NAMES, bounds, strict=True)),
        **{kind: {f"p{at}": float(np.percentile(each, at)) for at in PERCENTILES} for kind, each in latencies.items()},
    }


def _grades(name: str, one: Judged) -> Mapping[str, int]:
    """What is right for a query: by its picture, which is left out, only what is alike."""
    return dict.fromkeys(one.alike, 1) if name.startswith("picture") else one.grades


def _write_run(folder: Path, name: str, judged: Sequence[Judged], found: Sequence[Listed]) -> None:
    from clipseek.evaluation.trec import write_run

    plain = name.replace(", ", "-").replace(" ", "-")
    rows = [(one.name, listed.ids, listed.scores) for one, listed in zip(judged, found, strict=True)]
    write_run(folder / f"{plain}.run", rows, tag=plain)


def _write_qrels(folder: Path, judged: Sequence[Judged]) -> None:
    from clipseek.evaluation.trec import write_qrels

    write_qrels(folder / "words.qrels", [(one.name, one.grades) for one in judged])
    write_qrels(
        folder / "picture.qrels", [(one.name, dict.fromkeys(one.alike, 1)) for one in judged if one.own and one.alike]
    )


def _table(report: Sequence[Mapping[str, Any]]) -> None:
    rows = []
    for row in report:
        low, high = row["intervals"]["MRR@10"]
        figures = [f"{row['figures'][name]:.3f}" for name in SHOWN]
        times = [f"{row['milliseconds'][f'p{at}']:.1f}" for at in PERCENTILES]
        rows.append([row["way"], f"{row['queries']:,}", figures[0], f"{low:.3f}-{high:.3f}", *figures[1:], *times])
    latencies = [f"p{at} ms" for at in PERCENTILES]
    columns = ["search", "queries", "MRR@10", "95 %", *SHOWN[1:], *latencies]
    print_table(columns, rows, right=["queries", *SHOWN, *latencies])
