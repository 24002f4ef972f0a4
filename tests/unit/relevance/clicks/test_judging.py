"""Clicks and thumbs become judgments: what is right, how right, and what only looks so."""

from __future__ import annotations

import pytest
from clipseek.relevance.clicks.events import LoggedSearch
from clipseek.relevance.clicks.judging import HardNegative, JudgedQuery, Least, judge

SHOWN = {name: rank for rank, name in enumerate("abcdef", 1)}


def searched(clicked: str = "", up: str = "", down: str = "", words: str = "bell", **more: object) -> LoggedSearch:
    return LoggedSearch(words, SHOWN, clicked=frozenset(clicked), up=frozenset(up), down=frozenset(down), **more)  # type: ignore[arg-type]


def only(searches: list[LoggedSearch], least: Least | None = None, eta: float = 1.0) -> JudgedQuery:
    (query,) = judge(searches, least, eta)
    return query


def test_enough_clicks_make_a_picture_right_and_a_thumb_does_alone() -> None:
    query = only([searched("b"), searched("b"), searched("c"), searched(up="e")])
    assert query.right.keys() == {"b", "e"}
    assert (query.right["b"].clicks, query.right["e"].thumbs) == (2, 1)
    assert only([searched("c")], Least(clicks=1)).right.keys() == {"c"}
    assert judge([searched("c")]) == []


def test_a_click_far_down_counts_more_than_one_at_the_top() -> None:
    query = only([searched("a"), searched("a"), searched("f"), searched("f")])
    assert query.right["f"].relevance == pytest.approx(6 * 2 / 4)
    assert query.right["a"].relevance == pytest.approx(1 * 2 / 4)
    assert (query.right["f"].grade, query.right["a"].grade) == (3, 1)
    alike = only([searched("a"), searched("a"), searched("f"), searched("f")], eta=0)
    assert (alike.right["f"].grade, alike.right["a"].grade) == (3, 3)


def test_what_is_shown_above_a_click_and_not_clicked_is_a_hard_negative() -> None:
    query = only([searched("d"), searched("d"), searched("bd")])
    assert query.negatives == {
        "a": HardNegative("skipped", 3),
        "c": HardNegative("skipped", 3),
    }  # b was clicked now and then, e and f may not have been seen
    assert not only([searched("d"), searched("d")], Least(skips=3)).negatives


def test_a_search_in_another_order_says_nothing_of_what_was_skipped() -> None:
    query = only([searched("d", by_relevance=False), searched("d", by_relevance=False)])
    assert query.right.keys() == {"d"}
    assert not query.negatives


def test_thumbs_outweigh_clicks() -> None:
    query = only(
        [searched("b", down="b"), searched("b", down="b"), searched("b", up="b"), searched("c"), searched("c")]
    )
    assert query.negatives["b"] == HardNegative("down", 2)
    assert query.right.keys() == {"c"}
    (disliked,) = judge([searched(down="a")])
    assert (disliked.right, disliked.negatives) == ({}, {"a": HardNegative("down", 1)})


def test_stray_clicks_of_many_searches_do_not_add_up() -> None:
    searches = [*(searched("d") for _ in range(100)), *(searched("a") for _ in range(5))]
    query = only(searches)
    assert query.right.keys() == {"d"}
    assert query.negatives["a"] == HardNegative("skipped", 100)


def test_words_are_taken_together_whatever_their_case_and_white_space() -> None:
    query = only([searched("b", words="Red  Bell"), searched("b", words="red bell"), searched(words="red bell ")])
    assert (query.words, query.searches) == ("red bell", 3)
    assert query.right["b"].relevance == pytest.approx(2 * 2 / 3)


def test_rare_words_can_be_left_out() -> None:
    searches = [searched(up="a", words="anna's birthday"), *(searched(up="b") for _ in range(3))]
    assert [query.words for query in judge(searches, Least(searches=3))] == ["bell"]


def test_a_click_on_a_picture_that_was_not_shown_counts_for_nothing() -> None:
    assert judge([searched("z"), searched("z")]) == []
