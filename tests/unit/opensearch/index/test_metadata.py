from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.opensearch.index.mapping import FieldType
from clipseek.opensearch.index.metadata import malformed, metadata
from clipseek.sources import MetadataValue, Record


def test_declared_columns_are_typed_and_what_is_not_is_kept_and_counted() -> None:
    fields: dict[str, FieldType] = {"year": "number", "taken": "date", "set": "keyword", "group": "keyword"}
    columns: dict[str, MetadataValue] = {"year": "1999", "taken": "2001-02-03", "set": True, "more": "7"}
    good = metadata(Record(None, Path("/a"), (), "g1", columns), fields)
    assert good == {"year": 1999, "taken": "2001-02-03", "set": "true", "more": "7", "group": "g1"}
    assert malformed(good, fields) == []
    bad = metadata(Record(None, Path("/a"), (), None, {"year": "old", "taken": "once"}), fields)
    assert bad == {"year": "old", "taken": "once"}
    assert malformed(bad, fields) == ["year", "taken"]
    lists = metadata(Record(None, Path("/a"), (), None, {"year": ("1", "2.5"), "taken": ("x",)}), fields)
    assert lists == {"year": [1, 2.5], "taken": ["x"]}
    assert malformed(lists, fields) == ["taken"]


@pytest.mark.parametrize(
    "text",
    ["2001", "2001-02", "2001-02-03", "2001-02-03T04:05:06Z", "2001-02-03T04:05:06.789+02:00", "1700000000000", "20"],
)
def test_dates_that_the_server_takes(text: str) -> None:
    assert malformed({"d": text}, {"d": "date"}) == []


@pytest.mark.parametrize("text", ["x", "2001-13", "2001-02-31", "03.02.2001", "2001-02-03 04:05", ""])
def test_dates_that_it_does_not(text: str) -> None:
    assert malformed({"d": text}, {"d": "date"}) == ["d"]
