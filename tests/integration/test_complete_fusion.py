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
from clipseek.opensearch.pipelines.stored_pipelines import delete_pipeline, put_pipeline
from clipseek.opensearch.query.fusion import pipeline
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
            *values(words(number), technique=technique, mean=mean, weight=weight, depth=DEPTH, size=DEPTH)
        )
        # The figures that --json has.
        raw = raw_scores(client, version, answer)
        assert answer.union == len(raw["vector"]) == answer.reachable
        for name, figures in answer.statistics.items():
            numbers = np.array(list(raw[name].values()))
            if technique == "l2":
                expected_figures = {"length": float(np.sqrt((numbers**2).sum()))}
            else:
                expected_figures = {"min": float(numbers.min()), "max": float(numbers.max())}
            assert figures == pytest.approx({"candidates": min(DEPTH, len(numbers)), **expected_figures}, abs=1e-5)
        normal = {name: normalised(technique, scores) for name, scores in raw.items()}
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
            searcher.search(*values("red", technique="rrf"))
        return
    for number in range(sized(10, 200)):
        answer = searcher.search(*values(words(number), technique="rrf", depth=DEPTH, size=DEPTH))
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
            # Which of these ranks it was, the score itself tells.
            assert sum(term.added for term in answer.terms(hit)) == pytest.approx(hit.score, abs=1e-8)


def test_what_matches_and_the_facets_are_those_of_a_hybrid_that_is_not_complete(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher
) -> None:
    for number in range(sized(12, 50)):
        asked: dict[str, Any] = {
            "filters": ("width>=100",) if number % 2 else (),
            "facets": ("colour",) if number % 3 == 0 else (),
            "depth": DEPTH if number % 3 == 1 else None,
            "picture": picture("red") if number % 4 == 3 else None,
            "split": number % 4 == 3,
        }
        before, after = (
            searcher.search(*values(words(number), complete=complete, **asked)) for complete in (False, True)
        )
        assert (after.matched, after.documents, after.facets) == (before.matched, before.documents, before.facets)
        # Of several shards the candidates are the best of all together; in two lists they are the best of each.
        bodies = [{"size": after.plan.depth, "query": clause} for clause in after.plan.clauses.values()]
        rows = [client.search(index=version.index, body=body)["hits"]["hits"] for body in bodies]
        assert len(union(after)) == len({row["_id"] for part in rows for row in part}) == after.reachable


def test_pages_hold_every_picture_of_the_union_once(searcher: Searcher) -> None:
    for number in range(10):
        pages = [searcher.search(*values(words(number), start=start, size=20)) for start in range(0, 400, 20)]
        ids = [hit.id for page in pages for hit in page.hits]
        assert len(ids) == len(set(ids)) == pages[0].reachable == pages[-1].reachable
        assert set(ids) == union(pages[0])
        scores = [hit.score for page in pages for hit in page.hits]
        assert scores == sorted(scores, reverse=True)


KINDS: Mapping[str, Mapping[str, Any]] = {
    "a picture and words": {"picture": picture("red")},
    "several clauses": {"picture": picture("red"), "split": True},
    "like": {"like": (("d3", 1.0),)},
    "like alone, several": {"text": "", "like": (("d3", 1.0), ("d4", 0.5)), "split": True},
    "unlike": {"unlike": (("d1", 1.0),)},
    "not": {"unwanted": ("boat",)},
    "a mean": {"mean": "harmonic", "technique": "l2"},
    "a filter": {"filters": ("colour=red",)},
    "a sort": {"sort": "width:desc"},
    "grouped": {"group_duplicates": True},
    "grouped by look": {"group_near": True},
    "a later page": {"start": 40},
    "facets": {"facets": ("colour",)},
    "a cut-off": {"min_cosine": 0.5},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_hit_is_scored_by_every_clause(searcher: Searcher, kind: str) -> None:
    answer = searcher.search(*values(**{"text": "red boat", "depth": DEPTH, "size": 20, **KINDS[kind]}))
    assert len(answer.hits) == 20
    assert answer.plan.complete
    for hit in answer.hits:
        vectors = set(answer.plan.clauses) - {"caption"}
        assert vectors <= hit.raw.keys()
        here = set(hit.caption.split()) & {"red", "boat"}
        if answer.query.text:
            assert ("caption" in hit.raw) == (here == {"red"} if kind == "not" else bool(here))
            assert {text for text, matched in hit.pieces() if matched} == here
        assert sum(hit.shares.values()) == pytest.approx(1)
    if kind == "a sort":
        assert [hit.width for hit in answer.hits] == sorted((hit.width or 0 for hit in answer.hits), reverse=True)
    if kind == "facets":
        assert sum(count for _, count in answer.facets["colour"]) == answer.matched
    if kind == "a filter":
        assert {hit.metadata["colour"] for hit in answer.hits} == {"red"}
    if kind == "a cut-off":
        assert [hit.relevant for hit in answer.hits] == [(hit.cosine or -1.0) >= 0.5 for hit in answer.hits]


def test_nothing_matches(searcher: Searcher) -> None:
    answer = searcher.search(*values("zebra", filters=("colour=violet",)))
    assert (answer.hits, answer.matched, answer.reachable, answer.union) == ([], 0, 0, 0)


def test_none_has_the_words(searcher: Searcher) -> None:
    for mean in ("arithmetic", "geometric", "harmonic"):
        answer = searcher.search(*values("zebra", mean=mean, depth=DEPTH))
        assert [hit.cosine for hit in answer.hits] == sorted((hit.cosine or 0.0 for hit in answer.hits), reverse=True)
        assert answer.statistics["caption"] == {"candidates": 0}
        assert all(sum(hit.shares.values()) == pytest.approx(1) for hit in answer.hits)


def test_the_deepest_step_says_how_many_candidates_each_clause_brings(searcher: Searcher) -> None:
    answer = searcher.search(*values("red boat", start=9_990))
    assert answer.plan.depth == 5_000
    assert answer.notes == ("each of the 2 clauses brings 5,000 candidates: OpenSearch takes 10,000 in all",)
    assert (answer.hits, answer.reachable) == ([], DOCUMENTS)
    assert searcher.search(*values("red boat", depth=5_000)).notes == ()
    cut = searcher.search(*values("red boat", picture=picture("red"), split=True, depth=5_000))
    assert (cut.plan.depth, len(cut.notes)) == (3_333, 1)


def test_a_stored_pipeline_fuses_completed_scores(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher
) -> None:
    name = f"test-complete-{version.index[-20:]}"
    put_pipeline(client, name, pipeline("l2", (0.8, 0.2), mean="geometric"))
    try:
        by_name = searcher.search(*values("red boat", pipeline=name, depth=DEPTH))
        by_hand = searcher.search(*values("red boat", technique="l2", mean="geometric", weight=0.2, depth=DEPTH))
        assert by_name.hits == by_hand.hits
        assert by_name.plan.complete
        assert all(hit.shares for hit in by_name.hits)
    finally:
        delete_pipeline(client, name)
