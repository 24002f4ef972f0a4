from __future__ import annotations

from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.opensearch.errors import InvalidOption, RequestRefused
from clipseek.opensearch.index.mapping import IndexOptions, preset_name, read_preset
from clipseek.relevance import advise as trials
from clipseek.relevance.advise import MeasuredGraph, choose, measure, pareto, recall_of, variants
from clipseek.testing.server import FakeServer, error

from .fake_index import VERSION as INDEX
from .fake_index import FakeIndex, unit


def one(recall: float, memory: float, milliseconds: float, m: int = 16) -> MeasuredGraph:
    return MeasuredGraph(IndexOptions(m=m), (recall, recall), milliseconds, 1.0, memory, 1.0)


def test_pareto_and_choice() -> None:
    measured = [one(1.0, 30, 1.8), one(0.99, 20, 1.8), one(0.99, 20, 1.9), one(0.9, 10, 1.8), one(0.98, 20, 1.7)]
    assert pareto(measured) == [True, True, False, True, True]
    assert choose(measured, 0.99) is measured[1]
    assert choose(measured, 0.95) is measured[4]
    assert choose(measured[1:], 0.999) is measured[1]  # none is good enough: the best there is


def test_equal_variants_are_all_on_the_front() -> None:
    assert pareto([one(1.0, 30, 1.8), one(1.0, 30, 1.8, m=8)]) == [True, True]


def test_recall_against_an_exact_search_over_the_sample() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = np.argsort(-(vectors @ vectors[7]), kind="stable").tolist()
    assert order[0] == 7
    assert recall_of(vectors, 7, order[:101]) == (1.0, 1.0)
    assert recall_of(vectors, 7, order[1:102]) == (1.0, 1.0)  # the row itself counts on neither side
    assert list(recall_of(vectors, 7, [*order[:6], *order[60:156]])) == pytest.approx([0.5, 0.46])
    assert recall_of(vectors[:5], 0, []) == (0.0, 0.0)


def test_presets_read_back_as_they_are_named() -> None:
    assert read_preset("talk") == (32, 500, "1x")
    assert read_preset("24,200") == (24, 200, "1x")
    for options in (
        IndexOptions(),
        IndexOptions(m=8, ef_construction=64, compression="4x"),
        IndexOptions(compression="4x"),
    ):
        assert read_preset(options.preset) == (options.m, options.ef_construction, options.compression)
    assert IndexOptions().preset == "default"
    assert preset_name({"m": 16}) is None
    for text in ("", "16", "16,128,4", "a,b", "16,128,4x,", "default,4x"):
        with pytest.raises(InvalidOption, match="preset"):
            read_preset(text)
    with pytest.raises(InvalidOption, match="compression '2x' is none of engine lucene; choose one of 1x, 4x"):
        IndexOptions(compression="2x")


def test_faiss_is_tried_only_where_it_can_live(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    nodes = {"nodes": {"n": {"jvm": {"bundled_jdk": False}}}}
    server.interceptors.append(lambda method, path, body: (200, nodes) if "_nodes" in path else None)
    assert {options.engine for options in variants(client)} == {"lucene"}
    nodes["nodes"]["n"]["jvm"]["bundled_jdk"] = True
    server.interceptors.append(lambda method, path, body: (200, nodes) if "_nodes" in path else None)
    found = variants(client)
    assert {options.engine for options in found} == {"lucene", "faiss"}
    assert len({(options.engine, options.preset) for options in found}) == len(found)


def test_a_mapping_that_the_server_refuses_is_no_failure(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    vectors, rows = np.eye(4, dtype=np.float32), np.arange(2)
    refused = error(400, "mapper_parsing_exception", "does not support compression")
    server.indexes["i-advise"] = {}  # what a trial left must go, too
    server.interceptors.append(lambda method, path, body: refused if method == "PUT" else None)
    assert measure(client, IndexOptions(), vectors, rows, name="i-advise") is None
    assert server.indexes == {}
    server.indexes["i-advise"] = {}
    broken = error(400, "illegal_argument_exception", "no more shards")
    server.interceptors.append(lambda method, path, body: broken if method == "PUT" else None)
    with pytest.raises(RequestRefused, match="no more shards"):
        measure(client, IndexOptions(), vectors, rows, name="i-advise")
    assert server.indexes == {}


def test_advise_measures_every_variant_and_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    index: Any = FakeIndex({f"d{i}": "" for i in range(250)}, {f"d{i}": unit(i) for i in range(250)})
    graphs = [one(0.99, 20, 1.9), None, one(1.0, 30, 1.8), one(0.999, 20, 2.5)]
    monkeypatch.setattr(trials, "variants", lambda client: [IndexOptions(m=m) for m in (2, 4, 8, 16)])
    calls: list[str] = []

    def measured(*given: Any, name: str, **more: Any) -> MeasuredGraph | None:
        calls.append(name)
        return graphs[len(calls) - 1]

    monkeypatch.setattr(trials, "measure", measured)
    events: list[tuple[int, bool]] = []
    advice = trials.advise(
        index, INDEX, queries=10, measured=lambda options, graph: events.append((options.m, graph is not None))
    )
    assert events == [(2, True), (4, False), (8, True), (16, True)]
    assert len(set(calls)) == 4
    assert all(name.startswith("i-advise-") for name in calls)
    assert (advice.vectors, advice.pictures, advice.best) == (250, 250, graphs[0])
    assert advice.on_front == (True, True, True)
    assert advice.mapping["dimension"] == INDEX.dimension
    assert [row["pareto"] for row in advice.as_dict()["variants"]] == [True, True, True]
    monkeypatch.setattr(trials, "measure", lambda *given, **named: None)
    with pytest.raises(InvalidOption, match="took none of the variants"):
        trials.advise(index, INDEX)
    few: Any = FakeIndex({"d0": ""}, {"d0": unit(0)})
    with pytest.raises(InvalidOption, match="has 1 pictures; give it 200 or more"):
        trials.advise(few, INDEX)
