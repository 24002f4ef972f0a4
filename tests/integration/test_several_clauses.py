"""Texts and pictures as clauses of their own on a real server: scores, shares, weights, pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.vectors import stored_vectors
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.pipelines.stored_pipelines import delete_pipeline, put_pipeline
from clipseek.opensearch.query.fusion import Fusion, pipeline
from clipseek.opensearch.query.limits import SEARCH_PARAMETERS
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query, QueryPicture
from clipseek.opensearch.query.vectors import query_vectors
from clipseek.opensearch.search.searcher import Searcher

from tests.integration.test_search import ENCODER, filled, picture
from tests.plans import plan, values

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def version(request: pytest.FixtureRequest, client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, 500, request.param)
    yield made
    client.indices.delete(index=made.index)


BOTH = Query("green boat", texts=(("tree", 2.0),), picture=picture("red"), like=(("d20", 1.0),), split=True)


@pytest.mark.parametrize("fusion", ["min_max", "l2", "rrf"])
@pytest.mark.parametrize("mean", ["arithmetic", "geometric", "harmonic"])
def test_every_hits_shares_sum_to_the_servers_score(
    client: opensearchpy.OpenSearch, version: Version, fusion: Any, mean: Any
) -> None:
    if fusion == "rrf" and mean != "arithmetic":
        return
    searcher = Searcher(client, version, ENCODER)
    query = BOTH
    if fusion == "rrf":  # weights need 3.1
        query = replace(query, texts=(("tree", 1.0),))
        if client.search(index=version.index, body={"size": 0})["_shards"]["total"] > 1:
            return
    answer = searcher.search(query, Fusion(fusion, mean), Page(60))
    assert len(answer.hits) == 60
    for hit in answer.hits:
        terms = answer.terms(hit)  # none where their sum is not the server's score
        assert [term.clause for term in terms] == ["caption", "words 1", "words 2", "picture", "like"]
        assert sum(term.added for term in terms) == pytest.approx(hit.score, abs=1e-5)
        assert hit.cosine is None
    assert answer.hits[0].id != "d20"  # what is searched by is no hit


def test_each_clauses_cosine_is_to_its_own_vector(client: opensearchpy.OpenSearch, version: Version) -> None:
    answer = Searcher(client, version, ENCODER).search(BOTH, page=Page(60))
    asked = query_vectors(BOTH, lambda: ENCODER, partial(stored_vectors, client, version))
    stored = stored_vectors(client, version, [hit.id for hit in answer.hits])
    seen = set()
    for hit in answer.hits:
        for term in answer.terms(hit):
            if term.cosine is not None:
                seen.add(term.clause)
                assert term.cosine == pytest.approx(float(np.dot(asked[term.clause], stored[hit.id])), abs=1e-5)
    assert seen == set(asked)


def test_all_the_weight_on_one_clause_is_that_clauses_ranking(
    client: opensearchpy.OpenSearch, version: Version
) -> None:
    searcher = Searcher(client, version, ENCODER)
    hits = searcher.search(
        *values("green", picture=picture("red"), split=True, weight=1.0, text_weight=0.0, size=40)
    ).hits
    by_picture = searcher.search(*values(picture=picture("red"), size=40)).hits
    assert [hit.id for hit in hits] == [hit.id for hit in by_picture]
    assert {hit.metadata["colour"] for hit in hits} == {"red"}


def test_a_named_pipeline_with_a_weight_for_each_clause(client: opensearchpy.OpenSearch, version: Version) -> None:
    put_pipeline(client, "test-three", pipeline("l2", (0.2, 0.3, 0.5)), overwrite=True)
    try:
        searcher = Searcher(client, version, ENCODER)
        query, page = Query("green", picture=picture("red"), split=True), Page(40)
        named = searcher.search(query, Fusion(pipeline="test-three"), page)
        own = searcher.search(replace(query, text_weight=0.375), Fusion("l2", weight=0.8), page)
        assert [hit.id for hit in named.hits] == [hit.id for hit in own.hits]
        assert [term.weight for term in named.terms(named.hits[0])] == pytest.approx([0.2, 0.3, 0.5])
        with pytest.raises(InvalidOption, match="has weights for 3 clauses, this search has 2"):
            searcher.search(*values("green", pipeline="test-three"))
    finally:
        delete_pipeline(client, "test-three")


def test_pictures_alone_pages_sorts_and_groups(client: opensearchpy.OpenSearch, version: Version) -> None:
    searcher = Searcher(client, version, ENCODER)
    query = Query(pictures=(QueryPicture(picture("red")), QueryPicture(picture("blue"))), split=True)
    hits = searcher.search(query, page=Page(40)).hits
    pages = [hit for start in (0, 20) for hit in searcher.search(query, page=Page(20, start)).hits]
    assert pages == hits
    assert {hit.metadata["colour"] for hit in hits} == {"red", "blue"}
    sorted_groups = Page(40, sort="width:desc", group_near=True)
    filtered = searcher.search(replace(query, filters=("colour=blue",)), page=sorted_groups).hits
    assert {hit.metadata["colour"] for hit in filtered} == {"blue"}
    widths = [hit.width for hit in filtered]
    assert widths == sorted(widths, reverse=True)  # type: ignore[type-var]


def test_the_caption_counts_texts_by_their_weights(client: opensearchpy.OpenSearch, version: Version) -> None:
    searcher = Searcher(client, version, ENCODER)
    query = Query("boat", texts=(("tree", 3.0),), kind="caption")
    assert all("tree" in hit.caption for hit in searcher.search(query, page=Page(20)).hits)
    assert [text for text, matched in searcher.search(query).hits[0].pieces() if matched] == ["tree"]
    other = searcher.search(replace(query, texts=(("tree", 0.1),)))
    assert all("boat" in hit.caption for hit in other.hits)
    assert searcher.search(replace(query, match="all")).matched == 0  # no caption has both


def test_the_server_takes_no_sixth_clause(client: opensearchpy.OpenSearch, version: Version) -> None:
    texts = tuple((f"text {at}", 1.0) for at in range(5))
    with pytest.raises(InvalidOption, match="6 clauses are too many"):
        Query(texts=texts, split=True)
    query = Query(texts=texts, split=True, kind="vector")
    five = plan(vectors=query_vectors(query, lambda: ENCODER, lambda ids: {}), texts=texts, split=True, kind="vector")
    assert len(five.clauses) == 5
    assert client.search(index=version.index, body=five.search_body, params=SEARCH_PARAMETERS)["hits"]["hits"]
