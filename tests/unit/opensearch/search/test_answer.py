"""The sum of a hit's score, term by term, and as it is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.query.plan import Plan
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.contributions import Term, contributions, normalized, written
from clipseek.opensearch.search.hits import Hit

from tests.plans import plan

VECTOR = np.array([0.6, 0.8], np.float32)

SCORES = {"caption": {"a": 4.0, "b": 2.0, "c": 1.0}, "vector": {"b": 1.5, "a": 1.2, "d": 0.8}}


def hit(document: str, raw: dict[str, float], shares: dict[str, float], score: float) -> Hit:
    return Hit(document, "", "", score, raw, shares, None, "", None, None, {})


def terms(sent: Plan, hit: Hit, normal: dict[str, dict[str, float]]) -> list[Term]:
    return Answer(sent, [hit], "i", 1, 1, 1, normal=normal).terms(hit)


def explained(document: str, **asked: Any) -> tuple[list[Term], str]:
    sent = plan("red car", VECTOR, **asked)
    fusion = sent.fusion
    normal = {name: normalized(fusion.technique, scores) for name, scores in SCORES.items()}
    added = contributions(fusion.technique, normal, sent.weights, document, fusion.mean)
    score = sum(added.values())
    raw = {name: scores[document] for name, scores in SCORES.items() if document in scores}
    found = terms(sent, hit(document, raw, {name: value / score for name, value in added.items()}, score), normal)
    assert sum(term.added for term in found) == pytest.approx(score)
    assert sum(term.share for term in found) == pytest.approx(1)
    return found, written(fusion, found, score)


def test_a_weighted_sum() -> None:
    found, line = explained("a", weight=0.7)
    assert line == "0.300 x 1.0000 + 0.700 x 0.5714 = 0.7000"
    assert [(term.clause, term.raw, term.weight) for term in found] == [("caption", 4.0, 1 - 0.7), ("vector", 1.2, 0.7)]
    assert [term.cosine for term in found] == [None, pytest.approx(0.2)]  # not 1.2, which is what the server scores it


def test_a_clause_that_did_not_find_it_adds_nothing() -> None:
    found, line = explained("d")
    assert (found[0].raw, found[0].normalised, found[0].added) == (None, 0.0, 0.0)
    assert found[1].cosine == pytest.approx(1 - 1 / 0.8)  # below zero the engine scores 1 / (1 - cosine)
    assert line == "0.500 x 0.0000 + 0.500 x 0.0010 = 0.0005"


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"technique": "rrf"}, "1/61 + 1/62 = 0.0325"),
        ({"technique": "rrf", "weight": 0.75}, "0.250 x 1/61 + 0.750 x 1/62 = 0.0162"),
        ({"mean": "geometric"}, "1.0000^0.500 x 0.5714^0.500 = 0.7559"),
        ({"mean": "harmonic"}, "1 / (0.500 / 1.0000 + 0.500 / 0.5714) = 0.7273"),
    ],
)
def test_other_ways_to_join(asked: dict[str, Any], line: str) -> None:
    assert explained("a", **asked)[1] == line


def test_a_mean_leaves_a_clause_out_that_did_not_find_it() -> None:
    assert explained("c", mean="geometric")[1] == "0.0010^1.000 = 0.0010"


def test_one_clause_alone_is_its_own_score() -> None:
    sent = plan("red car", VECTOR, kind="vector")
    (term,) = found = terms(sent, hit("a", {"vector": 1.25}, {"vector": 1.0}, 1.25), {})
    assert (term.cosine, term.normalised, term.share) == (0.25, 1.25, 1.0)
    assert written(sent.fusion, found, 1.25) == "1.2500"


def test_what_is_not_known_has_no_terms() -> None:
    assert terms(plan("red car", VECTOR), hit("a", {"caption": 4.0}, {}, 0.4), {}) == []
