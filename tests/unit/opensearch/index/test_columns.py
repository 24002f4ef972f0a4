"""Columns as fields of a document: what filters will find, and what is kept all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clipseek.opensearch.index.columns import DeclaredColumns, Unfound, shown
from clipseek.opensearch.index.mapping import FieldType
from clipseek.opensearch.values.date_formats import DateReader
from clipseek.opensearch.values.zones import read_zone
from clipseek.sources import MetadataValue, Record
from hypothesis import given
from hypothesis import strategies as st

FIELDS: dict[str, FieldType] = {"year": "number", "taken": "date", "set": "keyword", "group": "keyword"}


def values(
    group: str | None = None, zone: str = "UTC", formats: tuple[str, ...] = (), /, **columns: Any
) -> tuple[dict[str, Any], list[Unfound]]:
    declared = DeclaredColumns(FIELDS, DateReader(read_zone(zone), formats))
    kept, unfound = declared.values(Record(None, Path("/a"), (), group, columns))
    return kept, list(unfound)


def test_declared_columns_are_of_their_type() -> None:
    assert values("g1", year="1999", taken="20010203", set=True, more="7") == (
        {"year": 1999, "taken": "2001-02-03", "set": "true", "more": "7", "group": "g1"},
        [],
    )
    assert values(taken="2024:05:31 10:00:00")[0] == {"taken": "2024-05-31T10:00:00Z"}
    assert values(None, "Europe/Berlin", taken="2024:05:31 10:00:00")[0] == {"taken": "2024-05-31T10:00:00+02:00"}
    assert values(None, "UTC", ("day-first",), taken="31.05.2024")[0] == {"taken": "2024-05-31"}
    # As a number the server would take it for a millisecond of 1970; milliseconds stay numbers.
    assert values(taken=2024)[0] == {"taken": "2024"}
    assert values(taken=1717149600000)[0] == {"taken": 1717149600000}
    assert values(year=("1", "2.5"), taken=("2024", "20240531"))[0] == {
        "year": [1, 2.5],
        "taken": ["2024", "2024-05-31"],
    }


def test_a_value_that_is_not_of_its_type_is_kept_where_the_server_does_not_read_it() -> None:
    kept, unfound = values(year="5d", taken="202405", set="x")
    assert kept == {"year (as written)": "5d", "taken (as written)": "202405", "set": "x"}
    assert [(one.column, one.value) for one in unfound] == [("year", "5d"), ("taken", "202405")]
    assert [one.reason.split(" (")[0] for one in unfound] == ["no number", "a number that could mean several dates"]
    assert shown(kept) == {"year": "5d", "taken": "202405", "set": "x"}
    kept, unfound = values(year=9007199254740993, taken=False)
    assert kept == {"year (as written)": 9007199254740993, "taken (as written)": False}
    assert unfound[0].reason.startswith("beyond 2^53")
    assert shown(kept) == {"year": 9007199254740993, "taken": False}


def test_only_the_wrong_ones_of_a_list_are_left_out() -> None:
    kept, unfound = values(year=("1", "two", "3"), taken=("x",))
    assert kept == {"year": [1, 3], "year (as written)": ["two"], "taken (as written)": ["x"]}
    assert shown(kept) == {"year": [1, 3, "two"], "taken": ["x"]}
    assert [one.value for one in unfound] == ["two", "x"]


def test_a_keyword_that_is_too_long_is_kept_and_told() -> None:
    kept, unfound = values(set="a" * 8191)
    assert (kept["set"], unfound) == ("a" * 8191, [])
    kept, unfound = values(set="a" * 8192)
    assert kept == {"set": "a" * 8192}
    assert unfound == [Unfound("set", "a" * 8192, "longer than 8,191 characters")]


def test_what_is_not_declared_is_kept_as_it_is() -> None:
    columns: dict[str, MetadataValue] = {"a.b": 1, "none": float("inf"), "big": 2**64, "odd": "\ud800", "l": ("x", "y")}
    assert DeclaredColumns().values(Record(None, Path("/a"), (), "g", columns)) == (
        {"a_b": 1, "none": "inf", "big": str(2**64), "odd": "?", "l": ["x", "y"]},
        (),
    )


def test_a_hit_shows_nothing_that_was_set_to_null() -> None:
    assert shown({"a": None, "b (as written)": None, "b": 1, "c (as written)": "x", "c": None}) == {"b": 1, "c": "x"}


@given(
    st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=12) | st.integers() | st.floats() | st.booleans())
)
def test_every_value_is_found_or_told(columns: dict[str, MetadataValue]) -> None:
    kept, unfound = DeclaredColumns(FIELDS).values(Record(None, Path("/a"), (), None, columns))
    assert shown(kept).keys() == columns.keys()
    assert {one.column for one in unfound} == {name for name in columns if name not in kept}
