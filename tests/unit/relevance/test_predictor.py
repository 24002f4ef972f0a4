from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.errors import RequestRefused
from clipseek.opensearch.index.versions import Version
from clipseek.relevance.fusion_grid import RRF, Setting
from clipseek.relevance.predictor import FEATURES, features, idfs, predicted
from clipseek.relevance.tuning import Asked, cross_validated

VERSION = Version("icons-1", "icons", "f", 2, 1)
CAPTIONS = Setting("min_max", "arithmetic", 0.1)
SETTINGS = [RRF, CAPTIONS, replace(CAPTIONS, weight=0.9)]


def test_features_by_hand() -> None:
    caption = {f"c{at}": 10.0 - at for at in range(10)}
    vector = {"c1": 1.5, "v": 1.25}
    found = dict(
        zip(FEATURES, features(Asked({"caption": caption, "vector": vector}, frozenset()), [2.0, 3.0]), strict=True)
    )
    assert found == {
        "words": pytest.approx(np.log(3)),
        "mean idf": 2.5,
        "highest idf": 3.0,
        "caption's best score for each idf": 2.0,
        "caption's gap": pytest.approx(0.9),
        "vector's best cosine": 0.5,
        "vector's gap": 1.0,
        "of the ten best, in both": 0.1,
    }
    nothing = features(Asked({"caption": {}, "vector": {}}, frozenset()), [])
    assert np.isfinite(nothing).all()


def test_a_feature_that_tells_is_learnt_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    groups = np.arange(400)
    long = rng.random(400) < 0.4
    # Long queries are right by captions alone, short ones by vectors alone.
    ranks = np.stack([np.zeros(400), long.astype(float), (~long).astype(float)], axis=1)
    noise = rng.normal(size=(400, 3))
    fixed = cross_validated(ranks, groups)
    assert predicted(ranks, np.column_stack([long, noise]), groups, SETTINGS).mean() > 0.99
    assert fixed.mean() == pytest.approx(1 - long.mean())
    assert abs(predicted(ranks, noise, groups, SETTINGS).mean() - fixed.mean()) < 0.05


def test_a_query_is_predicted_by_others() -> None:
    # Within each fold's own group the feature tells the weight; among the others it tells the opposite.
    groups = np.repeat(np.arange(5), 40)
    rng = np.random.default_rng(1)
    side = rng.random(200) < 0.5
    ranks = np.stack([np.zeros(200), side.astype(float), (~side).astype(float)], axis=1)
    known = np.where(groups == 0, side, ~side).astype(float)[:, None]
    assert predicted(ranks, known, groups, SETTINGS)[groups == 0].mean() == 0


class Captions:
    """A server whose captions have terms in so many of 100 pictures."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts, self.requests = counts, 0

    def mtermvectors(self, *, index: str, body: dict[str, Any]) -> dict[str, Any]:
        assert index == "icons-1"
        self.requests += 1
        return {"docs": [self._row(asked["doc"]["caption"]) for asked in body["docs"]]}

    def _row(self, text: str) -> dict[str, Any]:
        if text == "broken":
            return {"error": {"type": "illegal_argument_exception", "reason": "no"}}
        terms = {word: {"doc_freq": self.counts[word]} if word in self.counts else {} for word in text.split()}
        return {"term_vectors": {"caption": {"field_statistics": {"doc_count": 100}, "terms": terms}} if terms else {}}


def test_idfs_are_those_of_bm25() -> None:
    server: Any = Captions({"red": 50, "car": 3})
    found = idfs(server, VERSION, ["red car", "unseen", *["red"] * 100])
    assert found[0] == pytest.approx([np.log(1 + 50.5 / 50.5), np.log(1 + 97.5 / 3.5)])
    assert found[1] == pytest.approx([np.log(1 + 100.5 / 0.5)])
    assert (len(found), server.requests) == (102, 2)
    with pytest.raises(RequestRefused):
        idfs(server, VERSION, ["broken"])
