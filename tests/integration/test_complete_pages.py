"""Pages of complete hybrids on a real server: every page of a query is of one union, however it is sorted, grouped or fused, and
in an index that has more candidates than the server takes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import opensearchpy
import orjson
import pytest
from clipseek.opensearch import Fusion, Page, Query, QueryPicture, Searcher
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.pipelines.stored_pipelines import delete_pipeline, put_pipeline
from clipseek.opensearch.query.fusion import pipeline
from clipseek.opensearch.search.answer import Answer

from tests.integration.test_search import ENCODER, filled, picture

pytestmark = pytest.mark.integration
MANY = 12_000  # above the 10,000 that index.max_result_window allows


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def version(request: pytest.FixtureRequest, client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, 600, request.param)
    yield made
    client.indices.delete(index=made.index)


@pytest.fixture(scope="module")
def large(client: opensearchpy.OpenSearch) -> Iterator[Version]:
    """Every caption has the first word; vectors go round in a circle."""
    made = versions.create(client, f"test-deep-{uuid.uuid4().hex[:8]}", fingerprint=ENCODER.fingerprint, dimension=4)
    for start in range(0, MANY, 3_000):
        lines: list[Any] = []
        for number in range(start, start + 3_000):
            angle = 2 * np.pi * number / MANY
            document = {
                "image_id": f"d{number}",
                "image_uri": f"file:///d{number}.png",
                "content_hash": f"{number:064x}",
                "caption": "red " + "boat " * (number % 5),
                "image_vector": [float(np.cos(angle)), float(np.sin(angle)), 0.0, 0.0],
                "width": number,
                "height": 1,
                "ingested_at": "2026-01-01T00:00:00Z",
            }
            lines += [{"index": {"_id": f"d{number}"}}, document]
        body = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        assert client.bulk(body=body, index=made.index)["errors"] is False
    client.indices.refresh(index=made.index)
    yield made
    client.indices.delete(index=made.index)


def pages_of(searcher: Searcher, query: Query, fusion: Fusion | None, step: int, **page: Any) -> list[Answer]:
    """All of them, as a person goes on who sees how many there are."""
    answers = [searcher.search(query, fusion, Page(step, **page))]
    while (start := step * len(answers)) < answers[0].reachable:
        answers.append(searcher.search(query, fusion, Page(step, start, **page)))
    return answers


WORDS = "red boat"
SEARCHES: Mapping[str, tuple[Query, Fusion, dict[str, Any]]] = {
    "l2": (Query(WORDS), Fusion("l2", weight=0.7), {}),
    "geometric": (Query(WORDS), Fusion("min_max", "geometric"), {}),
    "harmonic": (Query(WORDS), Fusion("l2", "harmonic"), {}),
    "a picture too": (Query(WORDS, picture=picture("green")), Fusion(), {}),
    "clauses": (
        Query(WORDS, pictures=(QueryPicture(picture("green"), 2),), like=(("d3", 1.0),), split=True),
        Fusion(),
        {},
    ),
    "pictures alone": (
        Query(pictures=(QueryPicture(picture("green")), QueryPicture(picture("blue"))), split=True),
        Fusion(),
        {},
    ),
    "not": (Query(WORDS, unwanted=("sea",), unlike=(("d5", 1.0),)), Fusion(), {}),
    "filtered": (Query(WORDS, filters=("width>=100",)), Fusion(), {}),
    "sorted": (Query(WORDS), Fusion(), {"sort": "width:desc"}),
    "sorted by a date": (Query(WORDS), Fusion("l2"), {"sort": "day"}),
    "duplicates in groups": (Query(WORDS), Fusion(), {"group_duplicates": True}),
    "near duplicates in groups": (Query(WORDS), Fusion(), {"group_near": True}),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_every_page_is_of_one_union(client: opensearchpy.OpenSearch, version: Version, name: str) -> None:
    query, fusion, page = SEARCHES[name]
    answers = pages_of(Searcher(client, version, ENCODER), query, fusion, 30, **page)  # 400 is no multiple of it
    assert len(answers) > 4
    ids = [hit.id for answer in answers for hit in answer.hits]
    union = set().union(*answers[0].normal.values())
    assert len(ids) == len(set(ids))
    assert set(ids) == union  # no two pictures here are alike
    assert {answer.reachable for answer in answers} == {len(union)}
    assert all(answer.plan.complete for answer in answers)
    scores = [hit.score for answer in answers for hit in answer.hits]
    if "sort" in page:
        assert scores != sorted(scores, reverse=True)
    else:
        assert scores == sorted(scores, reverse=True)
    for hit in (hit for answer in answers for hit in answer.hits):
        assert sum(hit.shares.values()) == pytest.approx(1)
        assert set(answers[0].plan.clauses) - {"caption"} <= hit.raw.keys()


def test_a_stored_pipeline_is_complete_too(client: opensearchpy.OpenSearch, version: Version) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    put_pipeline(client, name, pipeline("l2", (0.3, 0.7)))
    try:
        searcher = Searcher(client, version, ENCODER)
        stored = pages_of(searcher, Query(WORDS), Fusion(pipeline=name), 50)
        inline = pages_of(searcher, Query(WORDS), Fusion("l2", weight=0.7), 50)
    finally:
        delete_pipeline(client, name)
    assert all(answer.plan.complete for answer in stored)
    hits = [[(hit.id, hit.score) for answer in answers for hit in answer.hits] for answers in (stored, inline)]
    assert hits[0] == hits[1]


def test_words_are_marked_in_captions_of_hits_that_the_vector_brought(
    client: opensearchpy.OpenSearch, version: Version
) -> None:
    answer = Searcher(client, version, ENCODER).search(Query("green boats"), page=Page(400))
    for hit in answer.hits:
        marked = {text for text, matched in hit.pieces() if matched}
        assert marked == set(hit.caption.split()) & {"green", "boat"}
    assert any(not hit.caption for hit in answer.hits)


@pytest.mark.parametrize("clauses", [2, 3])
def test_the_union_never_has_more_than_the_server_takes(
    client: opensearchpy.OpenSearch, large: Version, clauses: int
) -> None:
    searcher = Searcher(client, large, ENCODER)
    query = Query("red", like=(("d3000", 1.0),), split=True) if clauses == 3 else Query("red")
    each = 10_000 // clauses
    deep = [searcher.search(query, page=Page(1000, start)) for start in (3_000, 4_000, 9_000)]
    assert {answer.plan.depth for answer in deep} == {each}
    union = set().union(*deep[0].normal.values())
    assert each < len(union) <= 10_000
    for answer in deep:
        assert answer.reachable == len(union) == answer.union
        assert [note for note in answer.notes if f"{each:,}" in note and "10,000 in all" in note]
        for hit in answer.hits:
            assert hit.id in union
            assert set(answer.plan.clauses) - {"caption"} <= hit.raw.keys()
            assert sum(hit.shares.values()) == pytest.approx(1)
    ids = [hit.id for answer in deep for hit in answer.hits]
    assert len(ids) == len(set(ids))
    with pytest.raises(InvalidOption):
        searcher.search(query, page=Page(10, 9_995))


def test_a_cut_off_needs_no_further_request(
    client: opensearchpy.OpenSearch, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every hit of a complete hybrid has its cosine from the answer itself, also one that the words alone brought."""
    searcher, sent = Searcher(client, version, ENCODER), list[str]()
    send = client.transport.perform_request

    def counted(method: str, url: str, *given: Any, **more: Any) -> Any:
        sent.append(url.partition("?")[0])
        return send(method, url, *given, **more)

    query, fusion = Query("red tree by the sea"), Fusion(depth=50)
    searcher.search(query, fusion, Page(100))  # what is looked up, and learnt, once
    monkeypatch.setattr(client.transport, "perform_request", counted)
    asked: list[list[str]] = []
    for cut in (None, 0.9):
        sent.clear()
        answer = searcher.search(query, fusion, Page(100, min_cosine=cut))
        asked.append(list(sent))
    assert asked[0] == asked[1] != []
    assert {hit.relevant for hit in answer.hits} == {True, False}
    for hit in answer.hits:
        assert hit.cosine is not None
        assert hit.relevant == (hit.cosine >= 0.9)
