from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.values.date_formats import NAMED, DateReader
from hypothesis import given
from hypothesis import strategies as st


def read(value: Any, *formats: str, zone: str = "UTC") -> str:
    return DateReader(ZoneInfo(zone), formats).read(value).text


@pytest.mark.parametrize(
    ("written", "formats", "text"),
    [
        ("31.05.2024", ("day-first",), "2024-05-31T00:00:00+00:00"),
        ("31/5/2024 10:30", ("day-first",), "2024-05-31T10:30:00+00:00"),
        ("5-31-2024 10:30:15", ("month-first",), "2024-05-31T10:30:15+00:00"),
        ("05/31/2024", ("month-first",), "2024-05-31T00:00:00+00:00"),
        # Not the first, so the second; and what is none of them is read as ever.
        ("05/31/2024", ("day-first", "month-first"), "2024-05-31T00:00:00+00:00"),
        ("2024:05:31", ("day-first",), "2024-05-31T00:00:00+00:00"),
        ("31.05.24", ("%d.%m.%y",), "2024-05-31T00:00:00+00:00"),
        ("31 May 2024", ("%d %B %Y",), "2024-05-31T00:00:00+00:00"),
        ("May 2024", ("%B %Y",), "2024-05-01T00:00:00+00:00"),
        ("2024", ("%Y",), "2024-01-01T00:00:00+00:00"),
        ("10:30 PM 31.05.2024", ("%I:%M %p %d.%m.%Y",), "2024-05-31T22:30:00+00:00"),
        ("31.05.2024 10:30:15.25 +0200", ("%d.%m.%Y %H:%M:%S.%f %z",), "2024-05-31T10:30:15.250+02:00"),
        ("202405", ("%Y%m",), "2024-05-01T00:00:00+00:00"),
        ("1717149600", ("epoch-seconds",), "2024-05-31T10:00:00Z"),
        ("1717149600.25", ("epoch-seconds",), "2024-05-31T10:00:00.250Z"),
        (1717149600, ("epoch-seconds",), "2024-05-31T10:00:00Z"),
        ("-1.5", ("epoch-seconds",), "1969-12-31T23:59:58.500Z"),
        (0, ("epoch-milliseconds",), "1970-01-01T00:00:00Z"),
    ],
)
def test_a_named_way_is_read(written: Any, formats: tuple[str, ...], text: str) -> None:
    assert read(written, *formats) == text


def test_how_long_a_date_of_a_pattern_is() -> None:
    for pattern, number in (("%Y", 366), ("%m/%Y", 31), ("%d.%m.%Y", 1)):
        span = DateReader(formats=(pattern,)).read(datetime(2024, 5, 31).strftime(pattern))
        assert span.end - span.start == number * 86_400_000
    for pattern, length in (("%H", 3_600_000), ("%H:%M", 60_000), ("%H:%M:%S", 1000), ("%H:%M:%S.%f", 1)):
        span = DateReader(formats=(f"%d.%m.%Y {pattern}",)).read(
            datetime(2024, 5, 31, 9).strftime(f"%d.%m.%Y {pattern}")
        )
        assert span.end - span.start == length


def test_a_zone_holds_for_what_has_none() -> None:
    assert read("31.05.2024", "day-first", zone="Europe/Berlin") == "2024-05-31T00:00:00+02:00"
    assert read("31.05.2024 10:00:00Z", "day-first", zone="Europe/Berlin") == "2024-05-31T10:00:00Z"


@pytest.mark.parametrize(
    ("written", "formats", "reason"),
    [
        ("31.02.2024", ("day-first",), "no such day or time"),
        ("31.05.2024", ("month-first",), "no such day or time"),
        ("31.05.2024", (), "a date with the day or the month first"),
        ("31.05.2024", ("%Y",), "a date with the day or the month first"),
        (True, ("epoch-seconds",), "no date"),
        ("999999999999999", ("epoch-seconds",), "outside the years 1 to 9999"),
        ("31.05.2024 25:00", ("day-first",), "no such day or time"),
    ],
)
def test_what_is_none_of_them(written: Any, formats: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}"):
        read(written, *formats)


@pytest.mark.parametrize("pattern", ["", "dmy", "%d.%m", "%Q %Y", "%Y %", "%%Y", "%H:%M", "x" * 99])
def test_a_format_that_says_no_year_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidOption, match=r"date format .* is none of day-first"):
        DateReader(formats=(pattern,))


@given(st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)), st.sampled_from(NAMED))
def test_named_ways_round_trip(moment: datetime, name: str) -> None:
    moment = moment.replace(microsecond=0)
    seconds = (moment - datetime(1970, 1, 1)) // timedelta(seconds=1)
    written = {
        "day-first": f"{moment:%d.%m.%Y %H:%M:%S}",
        "month-first": f"{moment:%m/%d/%Y %H:%M:%S}",
        "epoch-seconds": str(seconds),
        "epoch-milliseconds": f"{seconds}000",
    }[name]
    assert DateReader(timezone.utc, (name,)).read(written).start == seconds * 1000
