"""Filters against what they say: each is evaluated here, by its clause as the server would and by Python's own comparison."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.query.filters import MAX_FILTERS, parse_filters
from hypothesis import given
from hypothesis import strategies as st

from tests.comparisons import SIGNS

DECLARED: dict[str, Any] = {"set": "keyword", "weight": "number", "day": "date"}


def only(*texts: str, any_texts: tuple[str, ...] = ()) -> dict[str, Any]:
    (clause,) = parse_filters(texts, DECLARED, any_texts=any_texts)
    return clause


def comparable(value: Any) -> Any:
    """A date as the server has it, in milliseconds since 1970."""
    if isinstance(value, str) and value.endswith("Z"):
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
    return value


def matches(clause: dict[str, Any], value: Any) -> bool:
    """Whether a document with this one value, ``None`` for none, matches."""
    ((kind, inner),) = clause.items()
    if kind == "bool":
        if "must_not" in inner:
            return not any(matches(one, value) for one in inner["must_not"])
        return any(matches(one, value) for one in inner["should"])
    if kind in ("match_none", "exists"):
        return kind == "exists" and value is not None
    ((_, what),) = inner.items()
    if kind == "term":
        return bool(value == what["value"])
    if kind == "terms":
        return value in what
    assert kind == "range"
    order = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
    return value is not None and all(SIGNS[order[end]](value, comparable(bound)) for end, bound in what.items())


NUMBERS = st.one_of(
    st.integers(-3, 3).map(str),
    st.decimals(-3, 3, places=2).map(str),
    st.sampled_from(["640.5", "-0", "2147483647", "2147483648", "-2147483648", "-2147483649", "99999999999", "9" * 30]),
    st.sampled_from(["1e400", "-1e400", "1e999999", "-1e-999999", "0.0000001", "2147483646.5"]),
)
INTEGERS = st.integers(-4, 4) | st.sampled_from([640, 641, 2**31 - 1, -(2**31)])


@given(st.sampled_from(sorted(SIGNS)), NUMBERS, INTEGERS)
def test_integers_are_compared_as_numbers_are(sign: str, written: str, value: int) -> None:
    assert matches(only(f"width{sign}{written}"), value) == SIGNS[sign](Decimal(value), Decimal(written))
    assert matches(only(f"width{sign}{written}"), None) == (sign == "!=")


@given(st.lists(NUMBERS, min_size=2, max_size=5), INTEGERS)
def test_lists_of_numbers(written: list[str], value: int) -> None:
    expected = any(Decimal(value) == Decimal(one) for one in written)
    assert matches(only(f"width={','.join(written)}"), value) == expected
    assert matches(only(f"width!={','.join(written)}"), value) != expected


@given(
    st.sampled_from(sorted(SIGNS)),
    st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.sampled_from(["1e400", "-1e400", "1e-400", "-0.0", "640"]),
    st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 640.0]),
)
def test_doubles(sign: str, written: str, value: float) -> None:
    assert matches(only(f"weight{sign}{written}"), value) == SIGNS[sign](value, float(written))


def test_every_bound_is_one_that_the_servers_integer_holds() -> None:
    for written in ("1e999999999", "-1e999999999", "2147483648", "0.5", "-7.5"):
        for sign in SIGNS:
            for bound in _bounds(only(f"width{sign}{written}")):
                assert isinstance(bound, int)
                assert -(2**31) <= bound < 2**31


def _bounds(clause: Any) -> list[Any]:
    if isinstance(clause, dict):
        return [bound for name, inner in clause.items() if name not in ("field",) for bound in _bounds(inner)]
    return [bound for inner in clause for bound in _bounds(inner)] if isinstance(clause, list) else [clause]


@pytest.mark.parametrize("sign", sorted(SIGNS))
@pytest.mark.parametrize(
    "written", ["9007199254740992", "-9007199254740993", "1234567890123456789", "1,9007199254740993"]
)
def test_numbers_beyond_2_53_are_refused_with_advice(sign: str, written: str) -> None:
    if "," in written and sign not in ("=", "!="):
        return
    with pytest.raises(InvalidOption, match=r"beyond 2\^53.*--keyword weight"):
        only(f"weight{sign}{written}")
    only("weight=9007199254740991")
    only(f"width{sign}{written}")  # an integer's own limits are nearer: all or none


@pytest.mark.parametrize("written", ["wide", "", "1_0", "nan", "inf", "0x10", "5d", "--1", "1 2"])
def test_what_is_no_number(written: str) -> None:
    for name in ("width", "weight"):
        with pytest.raises(InvalidOption, match=rf"is no number for {name}; write one like {name}>=640"):
            only(f"{name}>={written}")


DAYS = ["2024-04-30", "2024-05-01", "2024-05-31", "2024-06-01"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("day<=2024-05", DAYS[:3]),
        ("day<2024-05", DAYS[:1]),
        ("day=2024-05", DAYS[1:3]),
        ("day!=2024-05", [DAYS[0], DAYS[3]]),
        ("day>2024-05", DAYS[3:]),
        ("day>=2024-05", DAYS[1:]),
        ("day<=2024", DAYS),
        ("day=2024", DAYS),
        ("day!=2024", []),
        ("day>2023", DAYS),
        ("day=2024-04,2024-06", [DAYS[0], DAYS[3]]),
        ("day!=2024-04,2024-06", DAYS[1:3]),
        ("day=20240531", [DAYS[2]]),
        ("day>20240531", [DAYS[3]]),
        ("day=2024:05:31", [DAYS[2]]),
        ("day=2024-05-31T00:00,2024-06", DAYS[2:]),
        ("day>9999", []),
        ("day<=9999", DAYS),
        ("day<0001", []),
        ("day>=0001", DAYS),
    ],
)
def test_dates_as_a_calendar_has_them(written: str, found: list[str]) -> None:
    clause = only(written)
    assert [day for day in DAYS if matches(clause, comparable(f"{day}T00:00:00Z"))] == found


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2030, 12, 31))
FORMS: dict[str, Callable[[datetime], tuple[int, ...]]] = {
    "%Y": lambda moment: (moment.year,),
    "%Y-%m": lambda moment: (moment.year, moment.month),
    "%Y-%m-%d": lambda moment: (moment.year, moment.month, moment.day),
    "%Y-%m-%dT%H": lambda moment: (*moment.timetuple()[:4],),
    "%Y-%m-%d %H:%M": lambda moment: (*moment.timetuple()[:5],),
    "%Y:%m:%d %H:%M:%S": lambda moment: (*moment.timetuple()[:6],),
    "%Y%m%d": lambda moment: (moment.year, moment.month, moment.day),
}


@given(
    st.sampled_from(sorted(SIGNS)),
    st.sampled_from(sorted(FORMS)),
    MOMENTS,
    MOMENTS | st.none(),
    st.sampled_from(["UTC", "+05:30", "Europe/Berlin"]),
)
def test_dates_are_compared_as_their_parts_are(
    sign: str, form: str, written: datetime, other: datetime | None, zone: str
) -> None:
    """A calendar's comparison: of the parts that were written, as tuples, in the zone of the filter."""
    tz = ZoneInfo(zone) if ":" not in zone else timezone(timedelta(hours=5, minutes=30))
    near = written + timedelta(minutes=written.microsecond % 100_000) if other is None else other
    instant = near.replace(tzinfo=tz, microsecond=0).astimezone(timezone.utc)
    local = instant.astimezone(tz).replace(tzinfo=None)
    if zone == "Europe/Berlin" and local.month in (3, 10) and local.day > 24:
        return  # hours that come twice, or not: test_dates.py
    (clause,) = parse_filters([f"day{sign}{written.strftime(form)}"], DECLARED, zone=tz)
    value = (instant - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
    assert matches(clause, value) == SIGNS[sign](FORMS[form](local), FORMS[form](written))


def test_a_date_that_is_none_is_refused_with_the_reason() -> None:
    with pytest.raises(
        InvalidOption, match=r"'31.05.2024' is a date with the day or the month first for day; write one like 2024"
    ):
        only("day=31.05.2024")
    with pytest.raises(InvalidOption, match="'2024-02-30' is no such day or time for day"):
        only("day>2024-02-30")
    with pytest.raises(InvalidOption, match="'x' is no date for day"):
        only("day=2024,x")
    with pytest.raises(InvalidOption, match="is no date for ingested_at"):
        only("ingested_at>2024-05,2024-06")


def test_the_comma_of_a_fraction_is_no_list() -> None:
    assert only("day=2024-05-31T10:00:00,5") == only("day=2024-05-31T10:00:00.5")
    assert only("day=2024-05-31T10:00:00,5Z") == only("day=2024-05-31T10:00:00.5Z")
    assert "should" in only("day=2024-05-31T10:00:00,2023")["bool"]


def test_dates_of_a_list_that_touch_are_one_range() -> None:
    assert only("day=2024-06,2024-05,2024-05-31") == only("day=2024-05,2024-06")
    assert only("day=2024-05,2024-06") == {
        "range": {"metadata.day": {"gte": "2024-05-01T00:00:00Z", "lt": "2024-07-01T00:00:00Z"}}
    }


def test_a_keyword_that_is_too_long_to_be_found_is_refused() -> None:
    for written in ("set=" + "a" * 8192, "set!=" + "a" * 8192, "set=b," + "a" * 8192, "image_id=" + "é" * 40_000):
        with pytest.raises(
            InvalidOption, match=r"^'.{80,90} has \d+,\d+ characters; pictures cannot be filtered by values of"
        ):
            only(written)
    # A list may be longer than one value can be; then it is no value itself.
    parts = ["b" * 60 + str(number) for number in range(200)]
    assert only("set=" + ",".join(parts)) == {"terms": {"metadata.set": parts}}


def test_at_least_one_of_any() -> None:
    clauses = parse_filters(["width>=640"], DECLARED, any_texts=["set=lucide", "set=mdi", "day=2024-05"])
    assert clauses[0] == {"range": {"width": {"gte": 640}}}
    one_of = clauses[1]["bool"]
    assert one_of["minimum_should_match"] == 1
    assert one_of["should"][:2] == [
        {"term": {"metadata.set": {"value": "lucide"}}},
        {"term": {"metadata.set": {"value": "mdi"}}},
    ]
    assert len(clauses) == 2
    assert only(any_texts=("set=lucide",)) == only("set=lucide")
    with pytest.raises(InvalidOption, match="filter 'x' is not understood"):
        only(any_texts=("x",))
    with pytest.raises(InvalidOption, match="filter field 'colour' is not indexed here"):
        only(any_texts=("colour=red",))


def test_how_many_conditions_there_may_be() -> None:
    filters = ["width>1"] * MAX_FILTERS
    assert len(parse_filters(filters, DECLARED)) == MAX_FILTERS
    with pytest.raises(InvalidOption, match="65 filters are too many; give at most 64"):
        parse_filters(filters, DECLARED, any_texts=["width>1"])
    apart = [f"{1900 + number}-01-01" for number in range(0, 130, 2)]
    with pytest.raises(InvalidOption, match="the filters list 65 dates that are apart; list at most 64"):
        only("day=" + ",".join(apart))
    with pytest.raises(InvalidOption, match="list at most 64"):
        parse_filters(["day!=" + ",".join(apart[:40])], DECLARED, any_texts=["day=" + ",".join(apart[:40])])
    only("day=" + ",".join(f"2024-05-{day:02d}" for day in range(1, 32)))


@given(
    st.text(max_size=30), st.sampled_from(["set", "weight", "width", "day", "image_id"]), st.sampled_from(sorted(SIGNS))
)
def test_any_value_makes_a_clause_or_one_line(value: str, name: str, sign: str) -> None:
    try:
        clause = only(f"{name}{sign}{value}")
    except InvalidOption as problem:
        line = str(problem)
        assert "\n" not in line
    else:
        assert all(not isinstance(bound, float) or math.isfinite(bound) for bound in _bounds(clause))
