"""Eight clients at once on a real server, all with one Searcher: each gets what it would have got alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.opensearch import Fusion, Page, Query, QueryPicture, Searcher, connect
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.search.answer import Answer

from tests.integration.test_search import COLOURS, ENCODER, THINGS, filled, picture
from tests.sizes import sized

pytestmark = pytest.mark.integration
CLIENTS = 8


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def version(request: pytest.FixtureRequest, client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, 700, request.param)
    yield made
    client.indices.delete(index=made.index)


def searches() -> list[tuple[Query, Fusion, Page]]:
    """Complete hybrids of every kind, two lists, single clauses; pages, facets, sorts and cut-offs."""
    made: list[tuple[Query, Fusion, Page]] = []
    for colour, thing in [(colour, thing) for colour in COLOURS for thing in THINGS[:4]]:
        words = f"{colour} {thing}"
        made += [
            (Query(words), Fusion(), Page(20)),
            (Query(words, picture=picture(colour)), Fusion("l2", "geometric", 0.7), Page(20, 20)),
            (
                Query(words, pictures=(QueryPicture(picture("blue")),), like=(("d3", 1.0),), split=True),
                Fusion(),
                Page(20),
            ),
            (Query(words, filters=("width>=100",)), Fusion(depth=50), Page(20, facets=("colour",), min_cosine=0.5)),
            (Query(words), Fusion(complete=False), Page(20, sort="width:desc")),
            (Query(words, kind="caption"), Fusion(), Page(20, group_near=True)),
            (Query(words, kind="vector"), Fusion(), Page(20)),
        ]
    return made


def told(answer: Answer) -> Any:
    """All of it but how long it took; scores apart."""
    rows = [(hit.id, hit.caption, hit.relevant, sorted(hit.shares)) for hit in answer.hits]
    return rows, answer.matched, answer.reachable, answer.documents, dict(answer.facets), answer.notes


@pytest.mark.parametrize("shared", [True, False], ids=["one searcher", "a searcher each"])
def test_eight_clients_get_what_one_gets(
    client: opensearchpy.OpenSearch, version: Version, opensearch_url: str, shared: bool
) -> None:
    asked = searches()
    alone = [Searcher(client, version, ENCODER).search(*one) for one in asked]
    one_for_all = Searcher(client, version, ENCODER)
    together = threading.Barrier(CLIENTS, timeout=60)

    def work(number: int) -> list[tuple[int, Answer]]:
        searcher = one_for_all if shared else Searcher(connect(opensearch_url), version, ENCODER)
        together.wait()  # all of them find a searcher that has asked nothing yet
        order = np.random.default_rng(number).permutation(len(asked))[: sized(20, len(asked))]
        return [(int(place), searcher.search(*asked[place])) for place in order]

    with ThreadPoolExecutor(CLIENTS) as pool:
        found = [pair for pairs in pool.map(work, range(CLIENTS)) for pair in pairs]
    assert len({place for place, _ in found}) > len(asked) * 0.8
    for place, answer in found:
        assert told(answer) == told(alone[place])
        assert [hit.score for hit in answer.hits] == pytest.approx([hit.score for hit in alone[place].hits], abs=1e-6)
