"""The shares that a hit shows are the server's own arithmetic: their sum is the server's score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.errors import RequestRefused
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.pipelines.server_support import oldest_server
from clipseek.opensearch.query.plan import Plan
from clipseek.opensearch.search.contributions import contributions, normalized
from clipseek.opensearch.search.second_requests import candidates_body
from clipseek.opensearch.server.client import connect

from tests.plans import plan

pytestmark = pytest.mark.integration


QUERIES = 200
MEANS = [(fusion, mean) for fusion in ("min_max", "l2") for mean in ("arithmetic", "geometric", "harmonic")]


@pytest.mark.parametrize(
    ("fusion", "mean", "weighted"),
    [
        *((*pair, True) for pair in MEANS),
        ("z_score", "arithmetic", True),
        ("rrf", "arithmetic", False),
        ("rrf", "arithmetic", True),
    ],
)
def test_contributions_sum_to_the_servers_score(opensearch_url: str, fusion: str, mean: str, weighted: bool) -> None:
    client = connect(opensearch_url)
    needed = oldest_server(fusion, (0.3, 0.7) if weighted else (0.5, 0.5))  # type: ignore[arg-type]
    lacks_it = tuple(map(int, client.info()["version"]["number"].split(".")[:2])) < needed
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(300, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = ["red", "green", "blue", "car", "boat", "house", "tree", "bird"]
    alias = "test-fusion"
    version = versions.find(client, alias)
    if version is None:
        version = versions.create(client, alias, fingerprint="ab" * 32, dimension=8, options=IndexOptions())
        for at, vector in enumerate(vectors):
            caption = " ".join(rng.choice(words, 3))
            document = {"image_id": f"d{at}", "caption": caption, "image_vector": vector.tolist()}
            client.index(index=version.index, id=f"d{at}", body=document)
        # One segment: else merges behind our back change the graph between a search and its candidates.
        client.indices.forcemerge(index=version.index, params={"max_num_segments": 1})
        client.indices.refresh(index=version.index)
    for seed in range(QUERIES):
        weight = (seed % 11) / 10 if weighted else 0.5
        vector = np.random.default_rng(seed).normal(size=8)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        text = " ".join(np.random.default_rng(seed).choice(words, 2))
        sent = plan(text, vector, weight=weight, technique=fusion, mean=mean, size=50, complete=False)
        if lacks_it:  # then it refuses, as the table of versions says
            with pytest.raises(RequestRefused, match="is not supported"):
                client.search(index=version.index, body=sent.search_body)
            break
        hits = client.search(index=version.index, body=sent.search_body)["hits"]["hits"]
        candidates = {
            name: {
                hit["fields"]["image_id"][0]: hit["_score"]
                for hit in client.search(index=version.index, body=candidates_body(clause, 200))["hits"]["hits"]
            }
            for name, clause in sent.clauses.items()
        }
        weights = {"caption": 1 - weight, "vector": weight}
        assert len(hits) == 50
        normal = {name: normalized(sent.fusion.technique, scores) for name, scores in candidates.items()}

        def fused(document: str, sent: Plan = sent, normal: Any = normal, weights: Any = weights) -> float:
            return sum(contributions(sent.fusion.technique, normal, weights, document, sent.fusion.mean).values())

        for hit in hits:
            added = fused(hit["_source"]["image_id"])
            assert added == pytest.approx(hit["_score"], abs=1e-5)
        # The ranking made here has the server's scores in the server's order.
        documents = {document for scores in candidates.values() for document in scores}
        best = sorted(map(fused, documents), reverse=True)[:50]
        assert best == pytest.approx([hit["_score"] for hit in hits], abs=1e-5)
