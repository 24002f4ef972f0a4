"""A complete hybrid on a real server: every clause scores every candidate, and the fused scores are those of an offline fusion.

The oracle is apart from the code: exact inner products by numpy, BM25 as the words alone are scored, and the formulas written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.vectors import stored_vectors
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.searcher import Searcher
from clipseek.opensearch.server.capabilities import server_version

from tests.integration.test_search import COLOURS, ENCODER, THINGS, filled, picture
from tests.plans import values
from tests.sizes import sized

pytestmark = pytest.mark.integration
DOCUMENTS, DEPTH = 700, 60
WAYS = [(technique, mean) for technique in ("min_max", "l2") for mean in ("arithmetic", "geometric", "harmonic")]
Scores = dict[str, float]


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def version(request: pytest.FixtureRequest, client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, DOCUMENTS, request.param)
    client.indices.forcemerge(index=made.index, params={"max_num_segments": 1})
    client.indices.refresh(index=made.index)
    yield made
    client.indices.delete(index=made.index)


@pytest.fixture
def searcher(client: opensearchpy.OpenSearch, version: Version) -> Searcher:
    return Searcher(client, version, ENCODER)


def words(number: int) -> str:
    rng = np.random.default_rng(number)
    return f"{rng.choice(COLOURS)} {rng.choice(THINGS)}" + (" sea" if number % 2 else "")


def union(answer: Answer) -> set[str]:
    return set().union(*answer.normal.values())


def raw_scores(client: opensearchpy.OpenSearch, version: Version, answer: Answer) -> dict[str, Scores]:
    """Of every picture of the union: BM25 as the words alone are scored, from the same copies, and the engine's 1 + cosine."""
    ids = sorted(union(answer))
    clause = answer.plan.clauses["caption"]
    rows = client.search(
        index=version.index, body={"size": DOCUMENTS, "query": clause}, params={"preference": answer.plan.copies}
    )["hits"]["hits"]
    bm25 = {row["_id"]: float(row["_score"]) for row in rows if row["_id"] in ids}
    assert answer.plan.vector is not None
    products = {name: float(answer.plan.vector @ one) for name, one in stored_vectors(client, version, ids).items()}
    return {"caption": bm25, "vector": {d: 1 + p if p >= 0 else 1 / (1 - p) for d, p in products.items()}}


def normalised(technique: str, scores: Scores) -> Scores:
    values = np.array(list(scores.values()))
    if technique == "l2":
        return dict(zip(scores, values / np.sqrt((values**2).sum()), strict=True))
    spread = values.max() - values.min()
    return (
        {d: (s - values.min()) / spread or 0.001 for d, s in scores.items()} if spread else dict.fromkeys(scores, 1.0)
    )


def fused(mean: str, weight: float, caption: float | None, vector: float) -> float:
    """The weighted mean of a picture's two normalised scores; ``None``: the picture has none of the words."""
    if mean == "arithmetic":
        return (1 - weight) * (caption or 0.0) + weight * vector
    first = 0.001 if caption is None else caption
    if mean == "geometric":
        return float(np.exp((1 - weight) * np.log(first) + weight * np.log(vector)))
    return float(1 / ((1 - weight) / first + weight / vector))


@pytest.mark.parametrize(("technique", "mean"), WAYS)
def test_scores_are_those_of_an_offline_fusion(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher, technique: str, mean: str
) -> None:
    for number in range(sized(10, 200)):
        weight = (1 + number % 9) / 10
        answer = searcher.search(
            *values(
                words(number), technique=technique, mean=mean, weight=weight, depth=DEPTH, size=DEPTH, complete=True
            )
        )
        normal = {name: normalised(technique, scores) for name, scores in raw_scores(client, version, answer).items()}
        expected = {d: fused(mean, weight, normal["caption"].get(d), score) for d, score in normal["vector"].items()}
        best = sorted(expected.values(), reverse=True)[: len(answer.hits)]
        assert [hit.score for hit in answer.hits] == pytest.approx(best, abs=1e-5)
        for hit in answer.hits:
            assert hit.score == pytest.approx(expected[hit.id], abs=1e-5)
            assert sum(hit.shares.values()) == pytest.approx(1)
            assert hit.cosine is not None  # every hit has one, whichever clause brought it


def test_rrf_counts_the_completed_ranks(client: opensearchpy.OpenSearch, version: Version, searcher: Searcher) -> None:
    if client.search(index=version.index, body={"size": 0})["_shards"]["total"] > 1 and server_version(client) < (3, 5):
        with pytest.raises(InvalidOption, match="rrf ranks within each shard"):
            searcher.search(*values("red", technique="rrf", complete=True))
        return
    for number in range(sized(10, 200)):
        answer = searcher.search(*values(words(number), technique="rrf", depth=DEPTH, size=DEPTH, complete=True))
        raw = raw_scores(client, version, answer)
        for hit in answer.hits:
            # Pictures of equal BM25 have the ranks that the server gives them: the first of them to the last.
            ranks = [
                (1 + int((scores > own + 1e-6).sum()), int((scores > own - 1e-6).sum()))
                for scores, own in ((np.array(list(one.values())), one.get(hit.id)) for one in raw.values())
                if own is not None
            ]
            low, high = (sum(1 / (60 + pair[at]) for pair in ranks) for at in (1, 0))
            assert low - 1e-6 <= hit.score <= high + 1e-6


def test_what_matches_and_the_facets_are_those_of_a_hybrid_that_is_not_complete(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher
) -> None:
    for number in range(sized(10, 50)):
        asked: dict[str, Any] = {"facets": ("colour",), "filters": ("width>=100",) if number % 2 else ()}
        before, after = (
            searcher.search(*values(words(number), complete=complete, **asked)) for complete in (False, True)
        )
        assert (after.matched, after.documents, after.facets) == (before.matched, before.documents, before.facets)
        # Of several shards the candidates are the best of all together; in two lists they are the best of each.
        bodies = [{"size": after.plan.depth, "query": clause} for clause in after.plan.clauses.values()]
        rows = [client.search(index=version.index, body=body)["hits"]["hits"] for body in bodies]
        assert len(union(after)) == len({row["_id"] for row in rows[0] + rows[1]}) == after.reachable


def test_pages_hold_every_picture_of_the_union_once(searcher: Searcher) -> None:
    for number in range(3):
        pages = [
            searcher.search(*values(words(number), start=start, size=20, complete=True)) for start in range(0, 400, 20)
        ]
        ids = [hit.id for page in pages for hit in page.hits]
        assert len(ids) == len(set(ids)) == pages[0].reachable == pages[-1].reachable
        assert set(ids) == union(pages[0])
        scores = [hit.score for page in pages for hit in page.hits]
        assert scores == sorted(scores, reverse=True)


KINDS: Mapping[str, Mapping[str, Any]] = {
    "a picture and words": {"picture": picture("red")},
    "several clauses": {"picture": picture("red"), "split": True},
    "like": {"like": (("d3", 1.0),)},
    "not": {"unwanted": ("boat",)},
    "a filter": {"filters": ("colour=red",)},
    "a sort": {"sort": "width:desc"},
    "grouped": {"group_duplicates": True},
    "a cut-off": {"min_cosine": 0.5},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_hit_is_scored_by_every_clause(searcher: Searcher, kind: str) -> None:
    answer = searcher.search(*values("red boat", depth=DEPTH, size=20, complete=True, **KINDS[kind]))
    assert len(answer.hits) == 20
    for hit in answer.hits:
        vectors = set(answer.plan.clauses) - {"caption"}
        assert vectors <= hit.raw.keys()
        here = set(hit.caption.split()) & {"red", "boat"}
        assert ("caption" in hit.raw) == (here == {"red"} if kind == "not" else bool(here))
        assert sum(hit.shares.values()) == pytest.approx(1)
    if kind == "a sort":
        assert [hit.width for hit in answer.hits] == sorted((hit.width or 0 for hit in answer.hits), reverse=True)
    if kind == "a filter":
        assert {hit.metadata["colour"] for hit in answer.hits} == {"red"}
    if kind == "a cut-off":
        assert [hit.relevant for hit in answer.hits] == [(hit.cosine or -1.0) >= 0.5 for hit in answer.hits]


def test_nothing_matches(searcher: Searcher) -> None:
    answer = searcher.search(*values("zebra", filters=("colour=violet",), complete=True))
    assert (answer.hits, answer.matched, answer.reachable) == ([], 0, 0)
