"""Dates as people write them, against Python's calendar, dateutil's parser and pandas' offsets as oracles of their own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from clipseek.opensearch.values.dates import FIRST, LAST, Span, read_date
from hypothesis import example, given
from hypothesis import strategies as st

UTC = timezone.utc
BERLIN = ZoneInfo("Europe/Berlin")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ms(*parts: int, zone: tzinfo = UTC) -> int:
    return (datetime(*parts, tzinfo=zone) - EPOCH) // timedelta(milliseconds=1)  # type: ignore[misc, arg-type]


def ends(text: str | float, zone: tzinfo = UTC) -> tuple[int, int]:
    span = read_date(text, zone)
    return span.start, span.end


MAY_31 = (ms(2024, 5, 31), ms(2024, 6, 1))
TEN = (ms(2024, 5, 31, 10), ms(2024, 5, 31, 10, 0, 1))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024", (ms(2024, 1, 1), ms(2025, 1, 1))),
        (2024, (ms(2024, 1, 1), ms(2025, 1, 1))),
        ("2024-05", (ms(2024, 5, 1), ms(2024, 6, 1))),
        ("2024-12", (ms(2024, 12, 1), ms(2025, 1, 1))),
        ("2024/5", (ms(2024, 5, 1), ms(2024, 6, 1))),
        ("2024-05-31", MAY_31),
        ("2024-5-31", MAY_31),
        ("2024/05/31", MAY_31),
        ("2024.05.31", MAY_31),
        ("2024:05:31", MAY_31),  # EXIF
        ("20240531", MAY_31),  # DICOM
        (20240531, MAY_31),
        (20240531.0, MAY_31),  # a column of numbers with gaps
        ("20240531.0", MAY_31),
        (" 2024-05-31\0", MAY_31),
        ("2024-W22-5", MAY_31),
        ("2024W225", MAY_31),
        ("2024-W22", (ms(2024, 5, 27), ms(2024, 6, 3))),
        ("2024-152", MAY_31),
        ("2024-05-31T10", (ms(2024, 5, 31, 10), ms(2024, 5, 31, 11))),
        ("2024-05-31 10:00", (ms(2024, 5, 31, 10), ms(2024, 5, 31, 10, 1))),
        ("2024-05-31 10:00:00", TEN),  # SQL, pandas
        ("2024:05:31 10:00:00", TEN),  # EXIF
        ("2024-05-31t10:00:00z", TEN),
        ("2024-05-31T10:00:00Z", TEN),
        ("2024-05-31 10:00:00 UTC", TEN),
        ("2024-05-31 12:00:00+02:00", TEN),
        ("2024-05-31 12:00:00 +0200", TEN),
        ("2024-05-31T12:00:00+02", TEN),
        ("2024-05-31T04:30:00-05:30", TEN),
        ("20240531100000", TEN),  # DICOM
        ("20240531T100000Z", TEN),
        ("20240531120000+0200", TEN),
        ("2024-05-31T10:00:00.5", (TEN[0] + 500, TEN[0] + 600)),
        ("2024-05-31T10:00:00,25", (TEN[0] + 250, TEN[0] + 260)),
        ("2024-05-31T10:00:00.123", (TEN[0] + 123, TEN[0] + 124)),
        ("2024-05-31T10:00:00.123999Z", (TEN[0] + 123, TEN[0] + 124)),  # the index keeps milliseconds
        ("20240531100000.123456", (TEN[0] + 123, TEN[0] + 124)),
        ("1717149600000", (TEN[0], TEN[0] + 1)),
        (1717149600000, (TEN[0], TEN[0] + 1)),
        ("1717149600000.0", (TEN[0], TEN[0] + 1)),
        ("-14182940000", (-14182940000, -14182939999)),
        ("0001-01-01", (FIRST, FIRST + 86_400_000)),
        ("9999-12-31", (LAST + 1 - 86_400_000, LAST + 1)),
        ("9999", (ms(9999, 1, 1), LAST + 1)),
        ("9999-12", (ms(9999, 12, 1), LAST + 1)),
    ],
)
def test_what_is_read(written: str | float, expected: tuple[int, int]) -> None:
    assert ends(written) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "no date"),
        ("once", "no date"),
        (True, "no date"),
        (float("nan"), "no date"),
        (1.5, "no date"),
        ("٢٠٢٤-٠٥-٣١", "no date"),
        ("2024-05-31T", "no date"),
        ("2024.05", "no date"),
        ("2024-05-31T10:00:00[Europe/Berlin]", "no date"),
        ("2024-05-31x", "no date"),
        ("2024-05-31\n2024-06-01", "no date"),
        ("10000-01-01", "no date"),
        ("-2024-05-31", "no date"),
        ("+2024", "no date"),
        ("2024-02-30", "no such day or time"),
        ("2023-02-29", "no such day or time"),
        ("20240230", "no such day or time"),
        ("99999999", "no such day or time"),
        ("00000000", "no such day or time"),
        ("2024-13", "no such day or time"),
        ("2024-00", "no such day or time"),
        ("2024-05-00", "no such day or time"),
        ("0000", "no such day or time"),
        ("0000:00:00 00:00:00", "no such day or time"),
        ("2024-05-31T25:00", "no such day or time"),
        ("2024-05-31T24:00", "no such day or time"),
        ("2024-05-31T10:60", "no such day or time"),
        ("2016-12-31T23:59:60Z", "no such day or time"),  # a leap second
        ("2024-05-31T10:00+25:00", "no such day or time"),
        ("2024-05-31T10:00+02:75", "no such day or time"),
        ("2024-W54-1", "no such day or time"),
        ("2023-W53", "no such day or time"),
        ("2023-366", "no such day or time"),
        ("9999-366", "no such day or time"),
        ("2024-000", "no such day or time"),
        ("0001-01-01T00:00+02:00", "outside the years 1 to 9999"),
        ("9999-12-31T23:59-02:00", "outside the years 1 to 9999"),
        ("31.05.2024", "a date with the day or the month first"),
        ("05/31/2024", "a date with the day or the month first"),
        ("5-31-24 10:00", "a date with the day or the month first"),
        ("0", "a number that could mean several dates"),
        (5, "a number that could mean several dates"),
        ("202405", "a number that could mean several dates"),  # of DICOM, or 2020-24-05
        ("2024152", "a number that could mean several dates"),
        ("1717149600", "a number that could mean several dates"),  # seconds, or milliseconds
        ("202405311000", "a number that could mean several dates"),  # DICOM to the minute, or a day of 1976
        ("1717149600000000", "a number that could mean several dates"),
        ("-2024", "a number that could mean several dates"),
        ("9" * 5000, "a number that could mean several dates"),
    ],
)
def test_what_is_refused_with_its_reason(written: str | float, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}"):
        read_date(written, BERLIN)
    with pytest.raises(ValueError, match=f"^{reason}"):
        read_date(written, UTC)


def test_a_date_without_a_zone_is_in_the_given_one() -> None:
    assert ends("2024-05-31", BERLIN) == (ms(2024, 5, 30, 22), ms(2024, 5, 31, 22))
    assert ends("2024", BERLIN) == (ms(2023, 12, 31, 23), ms(2024, 12, 31, 23))
    assert ends("2024-05-31 12:00:00", BERLIN) == TEN == ends("2024-05-31 10:00:00Z", BERLIN)
    # The days of the change of time have 23 and 25 hours.
    assert ends("2024-03-31", BERLIN) == (ms(2024, 3, 30, 23), ms(2024, 3, 31, 22))
    assert ends("2024-10-27", BERLIN) == (ms(2024, 10, 26, 22), ms(2024, 10, 27, 23))
    # A time that comes twice is its first; one that is skipped is read by the offset before.
    assert ends("2024-10-27T02:30", BERLIN)[0] == ms(2024, 10, 27, 0, 30)
    assert ends("2024-03-31T02:30", BERLIN)[0] == ms(2024, 3, 31, 1, 30)
    # Samoa went without 30 December 2011, and some midnights do not exist.
    skipped = ends("2011-12-30", ZoneInfo("Pacific/Apia"))
    assert skipped[0] == skipped[1] == ms(2011, 12, 30, 10)
    assert ends("2018-11-04", ZoneInfo("America/Sao_Paulo"))[0] == ms(2018, 11, 4, 3)


@pytest.mark.parametrize(
    ("written", "zone", "text"),
    [
        ("2024-05-31", UTC, "2024-05-31"),
        ("2024-05", UTC, "2024-05"),
        (2024, UTC, "2024"),
        ("20240531", UTC, "2024-05-31"),
        ("2024:05:31 10:00:00", UTC, "2024-05-31T10:00:00Z"),
        ("2024-05-31T10:00:00.5", UTC, "2024-05-31T10:00:00.5"),
        ("2024-05-31 10:00:00.5", UTC, "2024-05-31T10:00:00.500Z"),
        ("2024-05-31", BERLIN, "2024-05-31T00:00:00+02:00"),
        ("2024", BERLIN, "2024-01-01T00:00:00+01:00"),
        ("2024-05-31T10:00:00Z", BERLIN, "2024-05-31T10:00:00Z"),
        ("2024-05-31 10:00:00-03:30", BERLIN, "2024-05-31T10:00:00-03:30"),
        ("1800-01-01", BERLIN, "1799-12-31T23:06:32Z"),  # an offset of 53 minutes and 28 seconds
        ("2024-W22-5", UTC, "2024-05-31"),
        ("1717149600000", BERLIN, "1717149600000"),
        ("-14182940000", BERLIN, "1969-07-20T20:17:40Z"),
    ],
)
def test_what_the_server_gets_is_as_written_where_it_reads_that_rightly(
    written: str | float, zone: tzinfo, text: str
) -> None:
    assert read_date(written, zone).text == text


ZONES = st.sampled_from(
    [UTC, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Kathmandu")]
)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), ZONES)
def test_every_way_to_write_a_time_is_the_same_time(moment: datetime, zone: tzinfo) -> None:
    """datetime is the oracle, and dateutil's parser of each form that it takes."""
    from dateutil.parser import isoparse, parse

    second = moment.replace(microsecond=0)
    start = (second.replace(tzinfo=zone) - EPOCH) // timedelta(milliseconds=1)
    day = f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}"
    time = f"{moment:%H:%M:%S}"
    for text in (f"{day}T{time}", f"{day} {time}", f"{day.replace('-', ':')} {time}", f"{day.replace('-', '')}T{time}"):
        assert ends(text, zone) == (start, start + 1000)
    assert ends(day.replace("-", "") + time.replace(":", ""), zone) == (start, start + 1000)
    assert isoparse(f"{day}T{time}") == second
    if moment.year > 100:
        assert parse(f"{day} {time}") == second
    span = read_date(f"{day} {time}", zone)
    assert ends(span.text, UTC)[0] == start, "what is written into the index is that instant"
    assert isoparse(span.text) - EPOCH == timedelta(milliseconds=start)


@given(st.integers(1, 9998), st.integers(1, 12), st.integers(1, 28), ZONES)
def test_the_spans_of_a_calendar_follow_one_another(year: int, month: int, day: int, zone: tzinfo) -> None:
    def span(*parts: int) -> tuple[int, int]:
        return ends("-".join([f"{parts[0]:04d}", *(f"{part:02d}" for part in parts[1:])]), zone)

    following = (year, month + 1) if month < 12 else (year + 1, 1)
    if year > 1:
        assert span(year, month)[1] == span(*following)[0]
        assert span(year)[1] == span(year + 1)[0]
        assert span(year)[0] <= span(year, month)[0] <= span(year, month, day)[0]
        assert span(year, month, day)[1] <= span(year, month)[1] <= span(year)[1]


@given(st.integers(1995, 2035), st.integers(1, 366), ZONES)
def test_weeks_and_days_of_the_year_are_pythons(year: int, number: int, zone: tzinfo) -> None:
    day = datetime(year, 1, 1) + timedelta(number - 1)
    if day.year == year:
        week = day.isocalendar()
        expected = ends(f"{day:%Y-%m-%d}", zone)
        assert ends(f"{year}-{number:03d}", zone) == expected
        assert ends(f"{week.year}-W{week.week:02d}-{week.weekday}", zone) == expected
        in_week = ends(f"{week.year}-W{week.week:02d}", zone)
        assert in_week[0] <= expected[0] <= expected[1] <= in_week[1]


def test_months_in_a_zone_are_those_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    for start in pandas.date_range("1990-01-01", "2030-12-01", freq="MS", tz="America/New_York"):
        expected = (start, start + pandas.offsets.MonthBegin(1))
        assert ends(f"{start:%Y-%m}", ZoneInfo("America/New_York")) == tuple(one.value // 1_000_000 for one in expected)


@given(
    st.text(alphabet="0123456789-:/.TWZ+ ,", max_size=30) | st.text(max_size=12) | st.integers() | st.floats(), ZONES
)
@example("0001-01-01", ZoneInfo("Pacific/Apia"))
@example("9999-12-31", ZoneInfo("America/St_Johns"))
def test_nothing_but_a_span_or_a_reason(written: str | float, zone: tzinfo) -> None:
    read: Span | str
    try:
        read = read_date(written, zone)
    except ValueError as problem:
        read = str(problem).split(" (")[0]
    if isinstance(read, str):
        assert read in {
            "no date",
            "no such day or time",
            "outside the years 1 to 9999",
            "a number that could mean several dates",
            "a date with the day or the month first",
        }
    else:
        assert FIRST <= read.start <= LAST
        assert read.start <= read.end
