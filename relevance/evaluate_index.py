"""How well, and how quickly, a live index answers labelled queries in every search mode."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from timeit import timeit
from typing import Any

import numpy as np
import opensearchpy
from clipseek.evaluation.bootstrap import Floats, intervals, paired
from clipseek.evaluation.judgments import numbered
from clipseek.evaluation.ranked_lists import NAMES, list_figures
from clipseek.evaluation.trec import write_qrels, write_run
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.vectors import stored_ids
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.protocols import AnyEncoder
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.opensearch.server.capabilities import server_version
from numpy.typing import NDArray

from .labelled_queries import LabelledQuery, in_index
from .search_modes import NOT_COMPLETE, SearchMode, TimedHits, own_setting, search_modes, timed_searches

PERCENTILES = (50, 95, 99)
_TIMED_TEXTS = 50


@dataclass(frozen=True)
class ModeFigures:
    """``figures`` and their 95 % ``intervals`` by name (``ranked_lists.NAMES``); ``milliseconds`` and ``took`` by percentile, as
    ``p50``.
    """

    mode: str
    queries: int
    figures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    milliseconds: Mapping[str, float]
    took: Mapping[str, float]


@dataclass(frozen=True)
class CompleteGain:
    """What the complete hybrid ``mode`` gains in MRR@10 over the same one that is not complete, with its 95 % interval."""

    mode: str
    gain: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class IndexEvaluation:
    """``queries`` were searched with, ``left_out`` have no right answer in the index. ``encoding``: median milliseconds to encode
    one query's words, which are in no mode's times. ``modes``: without those by picture where no query has what they need.
    ``complete_gains``: of each hybrid that was searched both ways.
    """

    index: str
    queries: int
    left_out: int
    hits: int
    encoding: float
    modes: tuple[ModeFigures, ...]
    complete_gains: tuple[CompleteGain, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def evaluate_index(
    client: opensearchpy.OpenSearch,
    version: Version,
    encoder: AnyEncoder,
    queries: Sequence[LabelledQuery],
    *,
    size: int = 20,
    both_ways: bool = False,
    runs: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> IndexEvaluation:
    """Search for ``size`` hits with every query in every mode; ``both_ways``: every hybrid also without completing it. ``runs``:
    folder that gets a TREC run of each mode, and the qrels.

    Raises InvalidOption where no query has a right answer in the index, ModelMismatch, and the errors of the tree.
    """
    names = [name for query in queries for name in (*query.grades, query.own or "")]
    judged = in_index(queries, stored_ids(client, version, names))
    if not judged:
        raise InvalidOption(
            f"none of the {len(queries)} queries has a right answer in index {version.alias}; give judgments whose ids are in it"
        )
    if runs is not None:
        # First: a place that cannot be written must not cost the searches.
        write_qrels(runs / "words.qrels", [(query.name, query.grades) for query in judged])
        with_group = [query for query in judged if query.own and query.alike]
        write_qrels(runs / "picture.qrels", [(query.name, dict.fromkeys(query.alike, 1)) for query in with_group])
    version.check_model(encoder.fingerprint, encoder.dimension)
    texts = encoder.encode_texts([query.words for query in judged])
    encode = (partial(encoder.encode_texts, [query.words]) for query in judged[:_TIMED_TEXTS])
    encoding = 1e3 * statistics.median(timeit(each, number=1) for each in encode)
    shards = len(client.search_shards(index=version.index)["shards"])
    own = own_setting(client, version) if version.search else None
    modes = search_modes(own, server_version(client), shards, both_ways=both_ways, ocr=Setting.of(version).wording.ocr)
    answers: list[dict[str, TimedHits]] = []
    for answer in timed_searches(client, version, judged, texts, modes, size=size):
        answers.append(answer)
        progress(len(answers), len(judged))
    groups = numbered([query.group for query in judged])
    figures, gains, complete = [], [], np.empty(0)
    for mode in modes:
        rows = [row for row, answer in enumerate(answers) if mode.name in answer]
        if not rows:
            continue
        of_mode, hits = [judged[row] for row in rows], [answers[row][mode.name] for row in rows]
        values = np.stack(
            [list_figures(found.ids, mode.grades(query)) for query, found in zip(of_mode, hits, strict=True)]
        )
        figures.append(_figures(mode, values, hits, groups[rows]))
        ranks = values[:, NAMES.index("MRR@10")]
        if mode.name.endswith(NOT_COMPLETE):  # the complete one stands before it
            gain = paired(ranks, complete, clusters=groups[rows])
            gains.append(CompleteGain(mode.name.removesuffix(NOT_COMPLETE), gain.mean, (gain.low, gain.high)))
        complete = ranks
        if runs is not None:
            tag = mode.name.replace(", ", "-").replace(" ", "-")
            rows_of_run = [(query.name, found.ids, found.scores) for query, found in zip(of_mode, hits, strict=True)]
            write_run(runs / f"{tag}.run", rows_of_run, tag=tag)
    return IndexEvaluation(
        version.index, len(judged), len(queries) - len(judged), size, encoding, tuple(figures), tuple(gains)
    )


def _figures(mode: SearchMode, values: Floats, hits: Sequence[TimedHits], groups: NDArray[np.int64]) -> ModeFigures:
    """``values``: (Q, F), each query's figures in the order of ``NAMES``."""
    bounds = intervals(values, clusters=groups).tolist()
    return ModeFigures(
        mode.name,
        len(values),
        dict(zip(NAMES, values.mean(axis=0).tolist(), strict=True)),
        {name: (low, high) for name, (low, high) in zip(NAMES, bounds, strict=True)},
        _percentiles([found.milliseconds for found in hits]),
        _percentiles([found.took for found in hits]),
    )


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{percentile}": float(np.percentile(values, percentile)) for percentile in PERCENTILES}
