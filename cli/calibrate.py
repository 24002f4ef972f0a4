"""``clipseek calibrate``: from which cosine on a hit is worth showing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .opening import encoder_of_index, open_client
from .options import group_column_option, index_option, json_option, model_option, query_column_option, url_option
from .output import count, note, print_json, print_table

if TYPE_CHECKING:
    from clipseek.relevance.calibration import Operating
    from clipseek.relevance.labelled_queries import Judged

LEAST = 100
ENOUGH = 1000


@click.command()
@click.argument("judgments", type=click.Path(path_type=Path))
@click.option(
    "--background",
    type=click.Path(path_type=Path),
    help="Queries that nothing in the index answers: a manifest, or a .txt with one a line.",
)
@click.option(
    "--rate",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Of background queries, the share that may get a hit all the same.",
)
@index_option
@url_option
@model_option
@query_column_option
@group_column_option
@click.option(
    "--queries", default=3000, show_default=True, type=click.IntRange(LEAST), help="At most so many of each kind."
)
@click.option("--dry-run", is_flag=True, help="Report only; leave the index's cut-off as it is.")
@json_option
def calibrate(
    judgments: Path, background: Path | None, rate: float, as_json: bool, dry_run: bool, **given: Any
) -> None:
    """Learn the cosine below which a hit is no match, and keep it in the index for search --min-relevance auto.

    JUDGMENTS is a manifest of held-out pairs that are in the index. Without --background, its queries are asked again with their
    right pictures hidden, which shows how near the next best comes. Each rate's cut is tried on background queries that it was not
    learnt from; the table says how many of them reach it, and how many held-out queries still find something.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import numpy as np
    from clipseek.evaluation.bootstrap import intervals
    from clipseek.evaluation.judgments import caption_key, numbered
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.opensearch.index import versions
    from clipseek.opensearch.index.stored_vectors import stored_ids
    from clipseek.relevance import calibration
    from clipseek.relevance.labelled_queries import in_index, read_pairs

    columns = {name: given[name] for name in ("query_column", "group_column")}
    read = read_pairs(judgments, **columns, most=given["queries"])
    client = open_client(given["url"])
    version = versions.current(client, given["index"])
    judged = in_index(read, stored_ids(client, version, [name for one in read for name in one.grades]))
    asked = judged if background is None else _background(background, columns, given["queries"])
    for what, found in (("held-out pairs in the index", judged), ("background queries", asked)):
        if len(found) < LEAST:
            raise InvalidOption(f"{len(found)} {what} are too few to learn a cut-off from; give at least {LEAST}")
    encoder = encoder_of_index(given["model"], version)
    versions.guard(version, encoder.fingerprint, encoder.dimension)
    note(f"searching with {count(len(judged), 'held-out query', 'held-out queries')} and {len(asked):,} of background")
    texts = encoder.encode_texts([one.words for one in judged])
    right = [one.right for one in judged]
    best = calibration.best_cosines(client, version, texts)
    of_right = calibration.best_cosines(client, version, texts, among=right)
    if background is None:
        none = calibration.best_cosines(client, version, texts, without=right)
    else:
        none = calibration.best_cosines(client, version, encoder.encode_texts([one.words for one in asked]))
    groups, _ = numbered([one.group if one.group[0] != "\0" else caption_key(one.words) for one in asked])
    rates = sorted({rate, *(one for one in calibration.RATES if one * len(none) >= 20)})
    report = [calibration.operating(one, none, groups, best, of_right) for one in rates]
    chosen = report[rates.index(rate)]
    reached = calibration.unseen(none, groups, rate).astype(np.float64)
    low, high = intervals(reached[:, None], clusters=groups)[0].tolist()
    kept = {
        **chosen.as_dict(),
        "unseen_interval": [low, high],
        "background": len(none),
        "hidden": background is None,
        "pairs": len(judged),
        "pictures": int(client.count(index=version.index)["count"]),
        "sources": [str(source) for source in (judgments, background) if source is not None],
    }
    if as_json:
        print_json({"cut": kept, "written": not dry_run, "rates": [one.as_dict() for one in report]})
    else:
        _table(report)
    note(
        f"cut-off: cosine {chosen.cosine:.4f}. Of unseen background queries {chosen.unseen:.1%} reach it (95 %: {low:.1%} to "
        f"{high:.1%}; asked for: {rate:.1%})"
    )
    if chosen.answered < 0.5:
        note(
            f"only {chosen.answered:.0%} of the held-out queries have a hit that reaches it: this model's cosines hardly tell them "
            "from the background; take a higher --rate, or a background further away"
        )
    if len(none) < ENOUGH:
        note(f"{len(none):,} background queries tell the rate roughly; give {ENOUGH:,} or more")
    if not dry_run:
        versions.keep(client, version, "calibration", kept)
        note(f"clipseek search WORDS --index {version.alias} --min-relevance auto uses it from now on")


def _background(source: Path, columns: Mapping[str, str], most: int) -> list[Judged]:
    """Queries, each once: a manifest's captions, or the lines of a text file."""
    from clipseek.evaluation.judgments import caption_key
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.relevance.labelled_queries import Judged, read_pairs

    if source.suffix.lower() != ".txt":
        found = read_pairs(source, query_column=columns["query_column"], group_column=columns["group_column"])
    else:
        try:
            lines = source.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as problem:
            raise InvalidOption(
                f"{source} cannot be read ({problem}); give a text file with one query a line"
            ) from None
        found = [Judged(line.strip(), line.strip(), "\0", {}) for line in lines if line.strip()]
    once = {caption_key(one.words): one for one in found}
    return _draw(list(once.values()), most)


def _draw(found: list[Judged], most: int) -> list[Judged]:
    import random

    return found if len(found) <= most else random.Random(0).sample(found, most)


def _table(report: Sequence[Operating]) -> None:
    rows = [
        [f"{one.rate:.1%}", f"{one.cosine:.4f}", f"{one.unseen:.1%}", f"{one.answered:.1%}", f"{one.kept:.1%}"]
        for one in report
    ]
    columns = ["rate", "cosine", "unseen background", "held-out answered", "right picture kept"]
    print_table(columns, rows, right=columns)
