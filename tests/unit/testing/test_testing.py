"""The public fakes, as somebody outside uses them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch import Query, Searcher, connect
from clipseek.opensearch.errors import ModelMismatch, RequestRefused
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import Record
from clipseek.testing import ColourEncoder, FakeServer, fake_server
from PIL import Image


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeServer]:
    """One with four pictures behind the alias ``pictures``."""
    captions = {"red": "a red car", "green": "a green boat", "blue": "a blue car", "black": ""}
    for colour in captions:
        Image.new("RGB", (4, 4), colour).save(tmp_path / f"{colour}.png")
    with fake_server() as fake:
        records = [Record(name, tmp_path / f"{name}.png", (text,) if text else ()) for name, text in captions.items()]
        assert ingest(connect(fake.url), "pictures", ColourEncoder(), records).indexed == 4
        yield fake


def searcher(server: FakeServer) -> Searcher:
    return Searcher.open(connect(server.url), "pictures", ColourEncoder())


def test_a_caption_search(server: FakeServer) -> None:
    answer = searcher(server).search(Query("car red", kind="caption"))
    assert [(hit.id, hit.score) for hit in answer.hits] == [("red", 2.0), ("blue", 1.0)]
    assert (answer.documents, answer.matched) == (4, 2)


def test_a_vector_search(server: FakeServer) -> None:
    answer = searcher(server).search(Query("green", kind="vector"))
    assert answer.hits[0].id == "green"
    assert answer.hits[0].cosine == pytest.approx(1.0, abs=0.01)
    assert len(answer.hits) == 4


def test_a_hybrid_search(server: FakeServer) -> None:
    answer = searcher(server).search(Query("blue car"))
    assert (answer.hits[0].id, answer.hits[0].score) == ("blue", 1.0)
    assert sum(answer.hits[0].shares.values()) == pytest.approx(1)
    assert answer.hits[0].caption == "a blue car"


def test_what_is_not_wanted_and_what_is_like_a_picture(server: FakeServer) -> None:
    assert [hit.id for hit in searcher(server).search(Query("car", unwanted=("red",), kind="caption")).hits] == ["blue"]
    like = searcher(server).search(Query(like=(("red", 1.0),)))
    assert "red" not in [hit.id for hit in like.hits]


def test_another_encoder_is_refused(server: FakeServer) -> None:
    with pytest.raises(ModelMismatch):
        Searcher.open(connect(server.url), "pictures", ColourEncoder("another"))


def test_a_failure_on_demand(server: FakeServer) -> None:
    server.interceptors.append(lambda method, path, body: (400, {"error": "no"}) if path.endswith("_search") else None)
    with pytest.raises(RequestRefused):
        searcher(server).search(Query("car", kind="caption"))
    assert searcher(server).search(Query("car", kind="caption")).hits


def test_it_says_what_it_does_not_know(server: FakeServer) -> None:
    client: opensearchpy.OpenSearch = connect(server.url)
    with pytest.raises(RequestRefused, match="the fake server knows no the query fuzzy"):
        client.search(index="pictures", body={"query": {"fuzzy": {"caption": "cat"}}})
    with pytest.raises(RequestRefused, match="the fake server knows no GET /_cluster/health"):
        client.cluster.health()
