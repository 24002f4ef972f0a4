"""What is read out of a row of the server's answer."""

from __future__ import annotations

from typing import Any

import pytest
from clipseek.opensearch.errors import ServerError
from clipseek.opensearch.query.limits import MARKS
from clipseek.opensearch.search.hits import Hit, cosine, read_hit, read_marks, words_first

FIRST, LAST = MARKS


def row(**more: Any) -> dict[str, Any]:
    source = {"image_uri": "file:///a.png", "caption": "a red car", "metadata": {"set": "x", "gone": None}}
    return {"_id": "a", "_score": 0.75, "_source": source, "matched_queries": {"caption": 2.5, "vector": 1.25}, **more}


def test_a_row_becomes_a_hit() -> None:
    marked = f"a {FIRST}red{LAST} car"
    hit = read_hit(row(highlight={"caption": [marked]}), {"caption": 0.5, "vector": 0.25}, "vector")
    assert (hit.score, dict(hit.raw)) == (0.75, {"caption": 2.5, "vector": 1.25})
    assert hit.shares == {"caption": pytest.approx(2 / 3), "vector": pytest.approx(1 / 3)}
    assert hit.cosine == pytest.approx(0.25)
    assert hit.pieces() == [("a ", False), ("red", True), (" car", False)]
    assert hit.metadata == {"set": "x"}


def test_shares_that_do_not_add_up_to_the_servers_score_are_left_out() -> None:
    assert read_hit(row(), {"caption": 0.5, "vector": 0.2}, "vector").shares == {}
    assert read_hit(row(), None, "vector").shares == {}


def test_of_hits_that_tie_those_that_the_words_found_come_first() -> None:
    def hit(name: str, score: float, **shares: float) -> Hit:
        return read_hit(row(_id=name, _score=score), {part: score * share for part, share in shares.items()}, "vector")

    hits = [
        hit("seen", 0.5, vector=1.0),
        hit("both", 0.5, caption=0.4, vector=0.6),
        hit("said", 0.5, caption=1.0),
        hit("next", 0.3, vector=1.0),
        hit("last", 0.2, caption=1.0),
    ]
    assert [one.id for one in words_first(hits, "caption")] == ["said", "both", "seen", "next", "last"]
    assert [one.id for one in words_first(hits[::-1], "caption")] == ["last", "next", "said", "both", "seen"]
    unknown = [read_hit(row(_id=name), None, "vector") for name in "ab"]
    assert words_first(unknown, "caption") == unknown
    found = [read_hit(row(_id=name, matched_queries={name: 1.0}), None, "vector") for name in ("vector", "caption")]
    assert [one.id for one in words_first(found, "caption")] == ["caption", "vector"]


@pytest.mark.parametrize("score", [None, -9549512000.0, "1", float("nan")])
def test_a_score_that_is_none_is_an_error(score: object) -> None:
    with pytest.raises(ServerError, match="search pipeline did not run"):
        read_hit(row(_score=score), None, "vector")


@pytest.mark.parametrize("expected", [1.0, 0.3, 0.0, -0.4, -1.0])
def test_cosines_come_back_out_of_the_engines_score(expected: float) -> None:
    engine = 1 + expected if expected >= 0 else 1 / (1 - expected)
    assert cosine(engine) == pytest.approx(expected)


def test_marks_that_belong_to_another_text_are_not_used() -> None:
    assert read_marks("a red car", f"a {FIRST}red{LAST} car") == ((2, 5),)
    assert read_marks("a red car", f"a {FIRST}red{LAST} cart") == ()
    assert read_marks("", "") == ()
    assert read_marks("\n a red car \t", f"a {FIRST}red{LAST} car") == ((4, 7),)
