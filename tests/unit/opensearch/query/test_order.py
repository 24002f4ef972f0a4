"""The order of a field: how it is written, sent, and done here."""

from __future__ import annotations

from typing import Any

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.query.order import Order, parse_order
from clipseek.opensearch.search.page_rows import ordered

DECLARED: dict[str, Any] = {"set": "keyword", "odd:desc": "number", "day": "date"}


def test_how_it_is_written() -> None:
    assert parse_order("width", DECLARED) == Order("width", "number")
    assert parse_order(" set:desc ", DECLARED) == Order("metadata.set", "keyword", True)
    assert parse_order("metadata.set:asc", DECLARED) == Order("metadata.set", "keyword")
    assert parse_order("odd:desc:asc", DECLARED) == Order("metadata.odd:desc", "number")


@pytest.mark.parametrize("text", ["", ":desc", "caption", "set:down", "_score", "_doc", "image_vector", "\ud800"])
def test_a_field_that_is_not_indexed_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match=r"sort field .* is not indexed here"):
        parse_order(text, DECLARED)


def test_what_is_sent() -> None:
    assert Order("image_id", "keyword", True).server_sort == [{"image_id": {"order": "desc", "missing": "_last"}}]
    assert Order("metadata.day", "date").docvalue == {"field": "metadata.day", "format": "epoch_millis"}
    assert Order("width", "number").docvalue == "width"


def row(name: str, *values: Any) -> dict[str, Any]:
    return {"_id": name, "fields": {"image_id": [name], **({"w": list(values)} if values else {})}}


def test_equal_values_are_ordered_by_id_and_pictures_without_one_are_last() -> None:
    rows = [row("c", 2), row("e"), row("b", 2), row("d", 10, 1), row("a")]
    assert [one["_id"] for one in ordered(rows, Order("w", "number"))] == ["d", "b", "c", "a", "e"]
    assert [one["_id"] for one in ordered(rows, Order("w", "number", True))] == ["d", "b", "c", "a", "e"]
    words = [row("a", "10"), row("b", "9")]
    assert [one["_id"] for one in ordered(words, Order("w", "keyword"))] == ["a", "b"]
    days = [row("a", "10"), row("b", "9")]  # milliseconds since 1970, as text
    assert [one["_id"] for one in ordered(days, Order("w", "date"))] == ["b", "a"]
