"""``clipseek tune``: which words of the captions, depth and fusion with the vectors find the right pictures of an index."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from .opening import encoder_of_index, open_client
from .options import group_column_option, index_option, json_option, model_option, query_column_option, url_option
from .output import count, note, print_json, print_table
from .progress import ProgressLine

#: So many queries tell whether the graph's search finds what is nearest, as often as SURE; where not, BEAMS are tried.
RECALL_QUERIES, SURE, BEAMS = 50, 0.99, (400, 800)


@click.command()
@click.argument("judgments", type=click.Path(path_type=Path))
@index_option
@url_option
@model_option
@query_column_option
@group_column_option
@click.option("--others", is_flag=True, help="Leave each query's own picture out; the others of its group are right.")
@click.option(
    "--queries", default=500, show_default=True, type=click.IntRange(20), help="At most so many, drawn at random."
)
@click.option(
    "--ef-search",
    multiple=True,
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Try the graph's search with N as well. Repeatable; where the graph misses some, 400 and 800 are tried.",
)
@click.option("--dry-run", is_flag=True, help="Report only; leave the index's default as it is.")
@json_option
def tune(judgments: Path, as_json: bool, dry_run: bool, **given: Any) -> None:
    """Try every fusion and weight, ways to ask the captions, and depths on held-out pairs, JUDGMENTS, whose pictures are in the
    index, and keep the best as its default.

    JUDGMENTS is a manifest: each row's words should find its picture (by id), or one of its group. Where the index holds the very
    captions that are searched with, captions win for nothing: say --others then, or name another column with --query-column.
    Settings are compared by cross-validated MRR@10, with 95 % intervals; clipseek search then uses the best of them by itself.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from clipseek.evaluation.bootstrap import intervals, paired
    from clipseek.evaluation.judgments import numbered
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.opensearch.index import versions
    from clipseek.relevance import tuning
    from clipseek.relevance.fusion_grid import RRF, fusions, grid
    from clipseek.relevance.labelled_queries import read_pairs

    columns = {name: given[name] for name in ("query_column", "group_column", "others")}
    asked = read_pairs(judgments, **columns, most=given["queries"])
    if len(asked) < 20:
        raise InvalidOption(
            f"{judgments} has {count(len(asked), 'query', 'queries')} with ids, words and right answers; give at least 20"
        )
    client = open_client(given["url"])
    version = versions.current(client, given["index"])
    encoder = encoder_of_index(given["model"], version)
    versions.guard(version, encoder.fingerprint, encoder.dimension)
    vectors = encoder.encode_texts([one.words for one in asked])
    settings = grid(tuning.wordings_of(client, version))
    usual = len(fusions())  # the first of the grid: fusions alone
    rows, basis = [], []
    recalls: list[float] = []
    with ProgressLine("searching", len(asked)) as progress:
        for one, vector in zip(asked, vectors, strict=True):
            wordings = tuple(dict.fromkeys(setting.wording for setting in settings))
            found = tuning.fetch(client, version, one.words, vector, one.right, one.without, wordings)
            rows.append(tuning.reciprocal_ranks(found, settings))
            basis.append(tuning.baselines(found))
            if len(recalls) < RECALL_QUERIES:
                recalls.append(tuning.graph_recall(client, version, found, vector, one.without))
            progress.update(len(rows))

    import numpy as np

    ranks = np.stack(rows)
    groups, _ = numbered([one.group for one in asked])
    narrow, wide = (tuning.cross_validated(part, groups) for part in (ranks[:, :usual], ranks))
    # More to choose from is more to choose wrongly: words and depth stay as usual unless choosing them too is a sure gain.
    wider = paired(narrow, wide, clusters=groups).low > 0
    tuned = wide if wider else narrow
    best = settings[int((ranks if wider else ranks[:, :usual]).mean(axis=0).argmax())]
    recall = float(np.mean(recalls))
    beams = given["ef_search"] or (BEAMS if recall < SURE else ())
    note(f"the graph finds {recall:.4f} of the ten truly nearest" + ("" if beams else ": no other ef_search tried"))
    widened = None
    if beams:
        tried = [replace(best, ef_search=beam) for beam in (None, *beams)]
        by_beam = []
        with ProgressLine("searching wider", len(asked)) as progress:
            for one, vector in zip(asked, vectors, strict=True):
                found = tuning.fetch(client, version, one.words, vector, one.right, one.without, (best.wording,), beams)
                by_beam.append(tuning.reciprocal_ranks(found, tried))
                progress.update(len(by_beam))
        beamed = np.stack(by_beam)
        gain = paired(beamed[:, 0], tuning.cross_validated(beamed, groups), clusters=groups)
        widened = {
            str(setting.ef_search or "usual"): float(v) for setting, v in zip(tried, beamed.mean(0), strict=True)
        }
        if gain.low > 0:
            best = tried[int(beamed.mean(axis=0).argmax())]
        else:
            note("no other ef_search is a certain gain: not kept")
    named = {name: np.array([row[name] for row in basis]) for name in basis[0]}
    named["rrf"] = ranks[:, settings.index(RRF)]
    named["fusion alone tuned" if wider else "words and depth tuned too"] = narrow if wider else wide
    named["tuned, cross-validated"] = tuned
    report: list[dict[str, Any]] = []
    for name, values in named.items():
        low, high = intervals(values[:, None], clusters=groups)[0]
        difference = paired(values, tuned, clusters=groups)
        report.append(
            {
                "setting": name,
                "MRR@10": float(values.mean()),
                "interval": [float(low), float(high)],
                "tuned_gains": difference.mean,
                "gain_interval": [difference.low, difference.high],
            }
        )
    kept = best.default()
    parts = _parts(ranks, settings, best)
    parts.update({f"ef_search {beam}": value for beam, value in (widened or {}).items()})
    if as_json:
        print_json(
            {
                "queries": len(asked),
                "best": kept,
                "written": not dry_run,
                "report": report,
                "parts": parts,
                "graph_recall": recall,
            }
        )
    else:
        _table(report)
        note("")
        print_table(["with the best fusion", "MRR@10"], [[name, f"{value:.3f}"] for name, value in parts.items()])
    note(f"best of {len(settings) if wider else usual} settings over {count(len(asked), 'query', 'queries')}: {best}")
    if not wider:
        note(f"other words or depths, {len(settings):,} settings in all, are no certain gain: not kept")
    rival = max(report[:4], key=lambda row: float(row["MRR@10"]))
    if rival["gain_interval"][0] <= 0:
        note(f"that is no certain gain over {rival['setting']}: the interval of the difference holds 0")
    if not given["others"] and report[0]["MRR@10"] >= 0.95:
        note(
            "the captions of the index hold what was searched with; judge with --others, or other words with --query-column"
        )
    if not dry_run:
        versions.keep_search(client, version, kept)
        note(f"clipseek search --index {version.alias} uses it from now on, unless options of its own say otherwise")


def _parts(ranks: Any, settings: Any, best: Any) -> dict[str, float]:
    """MRR@10 of the best fusion of each wording at the usual depth, and of each depth with the chosen wording, not
    cross-validated.
    """
    means = ranks.mean(axis=0).tolist()
    found: dict[str, float] = {}
    for mean, setting in zip(means, settings, strict=True):
        names = [str(setting.wording)] if setting.depth == settings[0].depth else []
        names += [f"depth {setting.depth}"] if setting.wording == best.wording else []
        for name in names:
            found[name] = max(found.get(name, 0.0), mean)
    return found


def _table(report: list[dict[str, Any]]) -> None:
    rows = []
    for row in report:
        low, high = row["interval"]
        gain = "" if row is report[-1] else f"{row['tuned_gains']:+.3f}"
        between = "" if row is report[-1] else f"{row['gain_interval'][0]:+.3f} to {row['gain_interval'][1]:+.3f}"
        rows.append([row["setting"], f"{row['MRR@10']:.3f}", f"{low:.3f}-{high:.3f}", gain, between])
    columns = ["setting", "MRR@10", "95 %", "tuned gains", "95 % of the gain"]
    print_table(columns, rows, right=["MRR@10", "tuned gains"])
