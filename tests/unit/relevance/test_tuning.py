"""``tune`` as a whole, against an index in memory where words find what is right and vectors find nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.errors import InvalidOption, ModelMismatch
from clipseek.relevance.labelled_queries import LabelledQuery
from clipseek.relevance.tuning import EF_SEARCHES, RECALL_QUERIES, tune

from .fake_index import VERSION, Encoder, FakeIndex, unit


@pytest.fixture
def index() -> FakeIndex:
    captions = {f"d{i}": f"word{i} common" for i in range(60)}
    return FakeIndex(captions, {name: unit(1000 + i) for i, name in enumerate(captions)})


QUERIES = [LabelledQuery(f"d{i}", f"word{i}", f"g{i}", {f"d{i}": 1}, f"d{i}") for i in range(60)]


def tuned(index: Any, queries: list[LabelledQuery] = QUERIES, **options: Any) -> Any:
    return tune(index, VERSION, Encoder(), queries, **options)


def test_what_words_find_is_found_by_the_chosen_setting(index: FakeIndex) -> None:
    events: list[tuple[int, int]] = []
    report = tuned(index, progress=lambda *event: events.append(event))
    figures = {row.setting: row.mrr for row in report.comparisons}
    assert figures["caption alone"] == figures["tuned, cross-validated"] == 1
    assert figures["vector alone"] < 0.5
    assert (report.hnsw_recall, report.ef_searches, report.queries) == (1, (), 60)
    assert events == [(done, 60) for done in range(1, 61)]
    vectors = next(row for row in report.comparisons if row.setting == "vector alone")
    assert vectors.gain == pytest.approx(1 - vectors.mrr)
    assert vectors.gain_interval[0] > 0


def test_the_best_is_kept_as_the_indexs_default_unless_it_is_a_dry_run(index: FakeIndex) -> None:
    report = tuned(index, write=False)
    assert (report.written, index.meta) == (False, {})
    index.meta = {"fingerprint": "x"}
    report = tuned(index)
    assert report.written
    assert index.meta == {"fingerprint": "x", "search": report.as_dict()["best"]}


def test_a_low_hnsw_recall_has_larger_ef_searches_tried_and_what_gains_nothing_is_not_kept(index: FakeIndex) -> None:
    index.missed = {f"d{i}" for i in range(0, 60, 2)}
    report = tuned(index, write=False)
    assert report.hnsw_recall < 0.99
    assert report.ef_searches == EF_SEARCHES
    assert report.best.fusion.ef_search is None
    assert {"ef_search usual", "ef_search 400", "ef_search 800"} <= report.by_option.keys()
    assert tuned(index, write=False, ef_searches=(150,)).ef_searches == (150,)
    exact = [
        body for body in index.bodies if "match_all" in body.get("query", {}).get("script_score", {}).get("query", {})
    ]
    assert len(exact) == 2 * RECALL_QUERIES


def test_excluded_pictures_are_in_no_request_s_answer(index: FakeIndex) -> None:
    hidden = [replace(query, excluded=(query.name,)) for query in QUERIES]
    report = tuned(index, hidden, write=False)
    assert all(row.mrr == 0 for row in report.comparisons)


def test_too_few_queries_and_another_model_are_refused(index: FakeIndex) -> None:
    with pytest.raises(InvalidOption, match="19 queries with ids, words and right answers are too few"):
        tuned(index, QUERIES[:19])
    other: Any = Encoder()
    other.fingerprint = "cd" * 32
    with pytest.raises(ModelMismatch):
        tune(index, VERSION, other, QUERIES)  # type: ignore[arg-type]
    assert index.bodies == []


def test_the_report_is_plain_data(index: FakeIndex) -> None:
    report = tuned(index, write=False).as_dict()
    assert report.keys() == {"queries", "best", "written", "report", "ways", "by_option", "hnsw_recall@10"}
    assert report["ways"].keys() == {"complete", "not_complete", "gain", "gain_interval"}
    assert report["best"]["complete"] in (True, False)
    assert report["report"][-1].keys() == {"setting", "MRR@10", "interval", "tuned_gains", "gain_interval"}
    assert not any(isinstance(value, np.generic) for row in report["report"] for value in row.values())
