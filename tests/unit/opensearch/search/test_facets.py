"""Values of facets as people write them, each a filter that finds what was counted."""

from __future__ import annotations

from typing import Any

from clipseek.opensearch.search.facets import read_facets
from clipseek.opensearch.values.dates import FIRST, LAST, read_date
from clipseek.opensearch.values.zones import read_zone
from hypothesis import given
from hypothesis import strategies as st

MIDNIGHT_IN_BERLIN = 1717106400000  # of 2024-05-31


def written(*keys: Any, zone: str = "UTC", dates: bool = False) -> list[str]:
    buckets = [{"key": key, "doc_count": 3, **({"key_as_string": "x"} if dates else {})} for key in keys]
    values = read_facets({"f": {"buckets": buckets}}, read_zone(zone))["f"]
    assert {number for _, number in values} <= {3}
    return [value for value, _ in values]


def test_words_and_numbers() -> None:
    assert written("a", "5.0", "") == ["a", "5.0", ""]
    assert written(5.0, -0.5, 1e300, 640) == ["5", "-0.5", "1e+300", "640"]


def test_dates_are_days_where_all_are_and_times_where_one_is() -> None:
    assert written(MIDNIGHT_IN_BERLIN, zone="Europe/Berlin", dates=True) == ["2024-05-31"]
    assert written(MIDNIGHT_IN_BERLIN, MIDNIGHT_IN_BERLIN + 1500, zone="Europe/Berlin", dates=True) == [
        "2024-05-31T00:00:00+02:00",
        "2024-05-31T00:00:01.500+02:00",
    ]
    assert written(MIDNIGHT_IN_BERLIN, dates=True) == ["2024-05-30T22:00:00Z"]
    assert written(0, zone="Europe/Berlin", dates=True) == ["1970-01-01T01:00:00+01:00"]
    assert written(-5364662008000, zone="Europe/Berlin", dates=True) == ["1800-01-01T00:06:32Z"]


@given(
    st.integers(FIRST, LAST), st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "+14:00"])
)
def test_a_value_is_a_filter_that_finds_it(instant: int, name: str) -> None:
    (value,) = written(instant, zone=name, dates=True)
    span = read_date(value, read_zone(name))
    assert span.start <= instant < span.end
    assert span.start == instant or (span.end - span.start == 1000 and instant % 1000 == 0)
