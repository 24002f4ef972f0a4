"""``search --explain`` of a complete hybrid on a real server: every clause's own score of every hit, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator

import opensearchpy
import pytest
from clipseek.cli.terminal.answer import print_answer
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.search.searcher import Searcher

from tests.integration.test_search import ENCODER, filled
from tests.plans import values

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def version(request: pytest.FixtureRequest, client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, 300, request.param)
    yield made
    client.indices.delete(index=made.index)


@pytest.mark.parametrize("match", ["any", "all"])
def test_every_hit_has_every_clauses_own_score(
    client: opensearchpy.OpenSearch, version: Version, capsys: pytest.CaptureFixture[str], match: str
) -> None:
    searcher = Searcher(client, version, ENCODER)
    answer = searcher.search(*values("green boat", depth=60, size=120, match=match))
    alone = searcher.search(*values("green boat", kind="caption", size=300, match=match)).hits
    bm25 = {hit.id: hit.score for hit in alone}
    print_answer(answer, as_json=False, explain=True)
    sums = capsys.readouterr().out.split("\n    clause ")[1:]
    print_answer(answer, as_json=True, explain=True)
    rows = json.loads(capsys.readouterr().out)["hits"]
    assert len(answer.hits) == len(sums) == len(rows) > 60
    without = "has none of the words" if match == "any" else "does not have all of the words"
    for hit, text, row in zip(answer.hits, sums, rows, strict=True):
        _, by_words, by_vector, _ = text.splitlines()[:4]
        assert f"cosine {hit.cosine:.4f}" in by_vector
        caption, vector = row["terms"]
        assert vector["raw"] == pytest.approx(hit.raw["vector"])
        if hit.id in bm25:
            assert f"bm25 {hit.raw['caption']:.4f}" in by_words
            assert caption["raw"] == pytest.approx(bm25[hit.id], abs=1e-5)
        else:
            assert without in by_words
            assert caption["raw"] is None
    assert 0 < sum(without in text for text in sums) < len(sums)
