"""What ``clipseek tune`` computes offline from one fetch is what searches of the index then answer, complete and not, on one and on
several shards.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import opensearchpy
import orjson
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.hits import Hit
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.opensearch.search.searcher import Searcher
from clipseek.opensearch.server.capabilities import server_version
from clipseek.relevance.clause_scores import ClauseScores, fetch_scores
from clipseek.relevance.fusion_grid import grid
from clipseek.relevance.labelled_queries import LabelledQuery
from clipseek.relevance.reciprocal_ranks import reciprocal_ranks
from clipseek.relevance.tuning import tune
from numpy.typing import NDArray

from tests.plans import values
from tests.sizes import sized
from tests.unit.relevance.fake_index import DIMENSION, Encoder, unit

pytestmark = pytest.mark.integration
DOCUMENTS, QUERIES = 900, sized(30, 200)
VOCABULARY = [f"{first}{second}{third}" for first in "bdfgk" for second in "aeiou" for third in ("lto", "ndo", "rmi")]


def words(number: int) -> list[str]:
    rng = np.random.default_rng(number)
    return [str(one) for one in rng.choice(VOCABULARY, 4 + number % 23)]


def noisy(number: int, noise: float, seed: int) -> NDArray[np.float32]:
    """The vector of document ``number``, moved away by ``noise``."""
    row = unit(number) + noise * unit(seed)
    return np.asarray(row / np.linalg.norm(row), np.float32)


#: Each asks for two words of its picture, and by a vector at some distance from the picture's; two such pictures are one group.
LABELLED = [
    LabelledQuery(
        f"d{n}", " ".join(words(n)[:2]), f"g{n // 2}", {f"d{n}": 1, f"d{n ^ 1}": 1}, f"d{n}", (), (f"d{n ^ 5}",)
    )
    for n in range(QUERIES)
]
ENCODER = Encoder({query.words: noisy(n, 2.0, 50_000 + n) for n, query in enumerate(LABELLED)})


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def version(request: pytest.FixtureRequest, client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = versions.create(
        client,
        f"test-tuned-{uuid.uuid4().hex[:8]}",
        fingerprint=ENCODER.fingerprint,
        dimension=DIMENSION,
        options=IndexOptions(shards=request.param),
    )
    lines: list[object] = []
    for number in range(DOCUMENTS):
        name, caption = f"d{number}", " ".join(words(number))
        vector = unit(number)
        lines += [
            {"index": {"_id": name}},
            {"image_id": name, "content_hash": name, "caption": caption, "image_vector": vector},
        ]
    body = b"".join(orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for line in lines)
    assert client.bulk(body=body, index=made.index, params={"refresh": "true"})["errors"] is False
    client.indices.forcemerge(index=made.index, params={"max_num_segments": 1})
    client.indices.refresh(index=made.index)
    yield made
    client.indices.delete(index=made.index)


@pytest.fixture(scope="module")
def fetched(client: opensearchpy.OpenSearch, version: Version) -> list[ClauseScores]:
    vectors = ENCODER.encode_texts([query.words for query in LABELLED])
    return list(fetch_scores(client, version, LABELLED, vectors, grid()))


def sent(query: LabelledQuery) -> Query:
    return Query(query.words, kind="hybrid", filters=(f"image_id!={query.excluded[0]}",))


def reciprocal_rank_bounds(hits: Sequence[Hit], query: LabelledQuery) -> tuple[float, float]:
    """The least and the most that the first right hit's reciprocal rank can be: hits of one score may stand in any order."""
    right = [hit.score for hit in hits if hit.id in query.grades]
    if not right:
        return 0.0, 0.0
    ranks = [sum(hit.score > right[0] + edge for hit in hits) for edge in (-1e-6, 1e-6)]
    first, last = ranks[1] + 1, max(ranks[0], ranks[1] + 1)
    return (1 / last if last <= 10 else 0.0), (1 / first if first <= 10 else 0.0)


def test_offline_ranks_are_those_of_real_searches(
    client: opensearchpy.OpenSearch, version: Version, fetched: list[ClauseScores]
) -> None:
    one_shard = not fetched[0].shard_of
    settings = grid(ranks=one_shard)
    rng = np.random.default_rng(0)
    ways = {complete: [one for one in settings if one.fusion.complete is complete] for complete in (True, False)}
    for complete, here in ways.items():
        for setting in [here[at] for at in rng.choice(len(here), sized(6, 60), replace=False)]:
            searcher = Searcher(client, replace(version, search=setting.kept()), ENCODER)
            for query, scores in zip(LABELLED, fetched, strict=True):
                answer = searcher.search(sent(query), page=values("x", size=25)[2])
                assert answer.fusion.complete is complete
                low, high = reciprocal_rank_bounds(answer.hits, query)
                (offline,) = reciprocal_ranks(scores, [setting])
                assert low - 1e-9 <= offline <= high + 1e-9, (setting, query.words)


def test_what_tune_kept_is_how_the_index_is_searched(
    client: opensearchpy.OpenSearch, version: Version, fetched: list[ClauseScores]
) -> None:
    # What an older clipseek kept does not say whether it is complete: it goes on with two lists, and each search says so.
    versions.write_meta(client, version, "search", {"fusion": "l2", "weight": 0.3})
    old = Searcher(client, versions.current(client, version.alias), ENCODER).search(sent(LABELLED[0]))
    assert not old.plan.complete
    assert any("clipseek tune HELD-OUT --index" in note for note in old.notes)
    report = tune(client, version, ENCODER, LABELLED)
    again = versions.current(client, version.alias)
    assert again.search == report.best.kept()
    assert again.search["complete"] is report.best.fusion.complete
    assert report.ways.gain == pytest.approx(report.ways.complete - report.ways.not_complete)
    assert report.ways.gain_interval[0] <= report.ways.gain <= report.ways.gain_interval[1]
    searcher, bounds, offline = Searcher(client, again, ENCODER), [], []
    for query, scores in zip(LABELLED, fetched, strict=True):
        answer = searcher.search(sent(query), page=values("x", size=25)[2])
        assert Setting(answer.fusion, report.best.wording) == report.best
        assert answer.notes == ()
        bounds.append(reciprocal_rank_bounds(answer.hits, query))
        offline.append(float(reciprocal_ranks(scores, [report.best])[0]))
        assert bounds[-1][0] - 1e-9 <= offline[-1] <= bounds[-1][1] + 1e-9
    # The figure of the report is the mean of these ranks.
    assert report.by_option[f"depth {report.best.fusion.depth}"] == pytest.approx(float(np.mean(offline)), abs=1e-12)
    versions.write_meta(client, again, "search", {})


def test_rrf_is_not_chosen_where_the_server_refuses_it(
    client: opensearchpy.OpenSearch, version: Version, fetched: list[ClauseScores]
) -> None:
    report = tune(client, version, ENCODER, LABELLED[:20], write=False)
    names = [row.setting for row in report.comparisons]
    assert ("rrf" in names) == (not fetched[0].shard_of or server_version(client) >= (3, 5))
