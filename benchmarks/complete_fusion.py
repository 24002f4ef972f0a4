"""What it is worth that every clause scores every candidate: ``python benchmarks/complete_fusion.py``.

Held-out icons of the demo's corpus as queries, in four kinds: the whole caption, its title, its tags, one of its tags. The query's
own picture is left out, the others of its concept are right. MRR@10 with 95 % intervals over concepts: captions alone, vectors
alone, and min_max with the arithmetic mean, not complete and complete, by real searches at the weight 0.5; then each way's best
weight, cross-validated, computed from the raw scores. Asserted: what is computed is what searches give, and at 0.5 complete is
better for each kind on a whole index; which gains are certain, their intervals say.

``--index`` names one of the demo's (``make demo``). Without, an index of all icons, or of ``--icons N`` of the held-out ones, is
made by the shipped bundle and removed at the end.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from clipseek.demo.corpus.shipped import Item, read_corpus
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.evaluation.bootstrap import Difference, intervals, paired
from clipseek.evaluation.judgments import numbered
from clipseek.opensearch import Fusion, Query, Searcher, connect
from clipseek.opensearch.index import versions
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.relevance.clause_scores import fetch_scores
from clipseek.relevance.fusion_grid import WEIGHTS
from clipseek.relevance.labelled_queries import LabelledQuery
from clipseek.relevance.reciprocal_ranks import baselines, reciprocal_ranks
from clipseek.relevance.tuning_decision import cross_validated
from numpy.typing import NDArray
from servers import add_url, icons_index, server

KINDS = ("whole caption", "title", "tags", "one tag, drawn")
WAYS = (False, True)  # complete
SETTINGS = [Setting(Fusion(weight=weight, depth=DEPTH, complete=way)) for way in WAYS for weight in WEIGHTS]
#: How far a mean of ours may be from that of searches, complete or not: hits of one score may stand in another order, and in two
#: lists the best of each have the same.
TIES = {True: 0.002, False: 0.02}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_url(parser)
    parser.add_argument("--index", help="an index of the demo")
    parser.add_argument("--icons", type=int, metavar="N", help="of how many icons the index is that is made here")
    parser.add_argument("--queries", type=int, default=1000, help="most queries of each kind")
    options = parser.parse_args()
    with ExitStack() as stack:
        client = connect(stack.enter_context(server(options.url)), timeout=120)
        icons = read_corpus("domain")
        items = [item for item in icons if item.split == "test"]
        if options.index:
            version = versions.current(client, options.index)
            encoder = ClipEncoder(Bundle.load(str(version.bundle)))
        else:
            items = together(items)[: options.icons] if options.icons else items
            version, encoder, _ = stack.enter_context(icons_index(client, items if options.icons else icons))
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; index {version.index}")
        head = ["query", "queries", "captions alone", "vectors alone", "not complete at .5", "complete at .5", "gain"]
        head += ["not complete, best weight", "complete, best weight"]
        print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
        began, gains = time.perf_counter(), []
        for kind in KINDS:
            cells, gain = row(client, version, encoder, labelled(items, kind, options.queries))
            print("| " + " | ".join([kind, *cells]) + " |", flush=True)
            gains.append(gain)
        print(f"in {time.perf_counter() - began:.0f} s")
        if options.index:
            assert all(gain.mean > 0 for gain in gains), "complete is not better for each kind"
        assert all(gain.high >= 0 for gain in gains), "complete is worse"


def together(items: Sequence[Item]) -> list[Item]:
    """Those that share their concept with others, concept by concept."""
    concepts = [item.concept for item in items]
    return sorted((item for item in items if concepts.count(item.concept) > 1), key=lambda item: item.concept)


def labelled(items: Sequence[Item], kind: str, most: int) -> list[LabelledQuery]:
    """Up to ``most`` queries of this kind, drawn; each has others of its concept among ``items``."""
    of_concept: dict[str, list[str]] = {}
    for item in items:
        of_concept.setdefault(item.concept, []).append(item.id)
    drawn, queries = random.Random(0), []
    for item in items:
        title, _, tags = item.caption.partition(": ")
        words = {
            "whole caption": item.caption,
            "title": title,
            "tags": tags,
            "one tag, drawn": drawn.choice(tags.split(", ")),
        }[kind]
        if words and (alike := [name for name in of_concept[item.concept] if name != item.id]):
            right = dict.fromkeys(alike, 1)
            queries.append(LabelledQuery(item.id, words, item.concept, right, item.id, tuple(alike), (item.id,)))
    return queries if len(queries) <= most else drawn.sample(queries, most)


def row(client: Any, version: Any, encoder: Any, queries: Sequence[LabelledQuery]) -> tuple[list[str], Difference]:
    """The table's cells of one kind, and what complete gains at 0.5."""
    groups = numbered([query.group for query in queries])
    vectors = encoder.encode_texts([query.words for query in queries])
    alone, computed = [], []
    for fetched in fetch_scores(client, version, queries, vectors, SETTINGS):
        alone.append(baselines(fetched)[:2])
        computed.append(reciprocal_ranks(fetched, SETTINGS))
    ranks = np.stack(computed)
    searcher = Searcher(client, version, encoder)
    real = {way: np.array([searched(searcher, query, complete=way) for query in queries]) for way in WAYS}
    for way, values in real.items():
        offline = ranks[:, SETTINGS.index(Setting(Fusion(depth=DEPTH, complete=way)))]
        assert abs(offline.mean() - values.mean()) < TIES[way], (offline.mean(), values.mean())
    gain = paired(real[False], real[True], clusters=groups)
    best = []
    for at in range(len(WAYS)):
        columns = ranks[:, at * len(WEIGHTS) : (at + 1) * len(WEIGHTS)]
        weight = WEIGHTS[int(columns.mean(axis=0).argmax())]
        best.append(f"{figure(cross_validated(columns, groups), groups)} at {weight:g}")
    figures = [*np.array(alone).T, real[False], real[True]]
    cells = [f"{len(queries):,}", *(figure(values, groups) for values in figures)]
    return [*cells, f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})", *best], gain


def searched(searcher: Searcher, query: LabelledQuery, *, complete: bool) -> float:
    """The reciprocal rank of the first right hit of a search, 0 beyond ten."""
    own = tuple(f"image_id!={name}" for name in query.excluded)
    answer = searcher.search(Query(query.words, kind="hybrid", filters=own), Fusion(complete=complete))
    return next((1 / rank for rank, hit in enumerate(answer.hits, 1) if hit.id in query.grades), 0.0)


def figure(values: NDArray[np.float64], groups: NDArray[np.int64]) -> str:
    low, high = intervals(values[:, None], clusters=groups)[0].tolist()
    return f"{values.mean():.3f} ({low:.3f}-{high:.3f})"


if __name__ == "__main__":
    main()
