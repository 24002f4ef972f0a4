"""The shares that a hit shows are the server's own arithmetic: their sum is the server's score."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.opensearch import versions
from clipseek.opensearch.client import connect
from clipseek.opensearch.fusion import contributions
from clipseek.opensearch.mapping import IndexOptions
from clipseek.opensearch.queries import Query, candidates_body, clauses, search_body

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("fusion", "weight"),
    [("min_max", 0.5), ("min_max", 0.2), ("min_max", 0.9), ("l2", 0.5), ("l2", 0.2), ("l2", 0.9), ("rrf", 0.5)],
)
def test_contributions_sum_to_the_servers_score(opensearch_url: str, fusion: str, weight: float) -> None:
    client = connect(opensearch_url)
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(300, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = ["red", "green", "blue", "car", "boat", "house", "tree", "bird"]
    version = versions.find(client, f"test-fusion-{fusion.replace('_', '-')}")
    if version is None:
        alias = f"test-fusion-{fusion.replace('_', '-')}"
        version = versions.create(client, alias, fingerprint="ab" * 32, dimension=8, options=IndexOptions())
        for at, vector in enumerate(vectors):
            caption = " ".join(rng.choice(words, 3))
            document = {"image_id": f"d{at}", "caption": caption, "image_vector": vector.tolist()}
            client.index(index=version.index, id=f"d{at}", body=document)
        client.indices.refresh(index=version.index)
    for seed in range(12):
        vector = np.random.default_rng(seed).normal(size=8)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        query = Query(" ".join(np.random.default_rng(seed).choice(words, 2)), weight=weight, fusion=fusion, size=50)  # type: ignore[arg-type]
        found = clauses(query, vector, [])
        hits = client.search(index=version.index, body=search_body(query, found))["hits"]["hits"]
        candidates = {
            name: {
                hit["fields"]["image_id"][0]: hit["_score"]
                for hit in client.search(index=version.index, body=candidates_body(query, clause))["hits"]["hits"]
            }
            for name, clause in found.items()
        }
        weights = {"caption": 1 - weight, "vector": weight}
        assert len(hits) == 50
        for hit in hits:
            added = contributions(query.fusion, candidates, weights, hit["_source"]["image_id"])
            assert sum(added.values()) == pytest.approx(hit["_score"], abs=1e-5)
