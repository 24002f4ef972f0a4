"""Dates as people write them, and the time that each of them spans. Pure.

A year, a month, a day and a time are spans, half open: ``2024-05`` is from the first instant of May to the first of June. Read here
and not by the server, whose dates are instants: it rounds some comparisons up and others not, takes 20240531 for milliseconds
since 1970, and knows neither spaces nor the colons of EXIF.

Forms: ISO 8601 (``2024``, ``2024-05``, ``2024-05-31``, ``2024-05-31T10:00:00.123+02:00``, a blank for the T, ``20240531T100000Z``,
weeks ``2024-W22-5``, days of a year ``2024-152``), the year first with ``/``, ``.`` or EXIF's ``:``, DICOM's ``20240531`` and
``20240531100000``, and milliseconds since 1970 (11 to 13 digits). What could mean two dates is refused: ``31.05.2024``, 202405.

A time that a zone has twice is its first; one that it skips is read by the offset before the gap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo

from .zones import offset_zone

_EPOCH = datetime(1970, 1, 1)
#: Milliseconds since 1970 of the first and the last instant that a date may be: the years 1 to 9999.
FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999

NO_DATE = "no date"
NO_SUCH = "no such day or time"
UNCLEAR = "a number that could mean several dates (--date-format says which)"
WHICH_FIRST = "a date with the day or the month first (--date-format says which)"

_ZONE = r"(?:\s*(?P<utc>[Zz]|UTC|GMT)|\s*(?P<sign>[+-])(?P<zh>\d\d)(?::?(?P<zm>\d\d))?)?"
_FRACTION = r"(?:[.,](?P<fraction>\d+))?"
#: A time of day after a date, with its zone.
TIME = (
    r"(?:(?:[Tt]|\s+)(?P<hour>\d\d|\d(?=:))(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)"
    + _FRACTION
    + r")?)?"
    + _ZONE
    + r")?"
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?:(?P<mark>[-/])(?P<month>\d{1,2})|(?P<mark2>[-/:.])(?P<month2>\d{1,2})(?P=mark2)(?P<day>\d{1,2})"
    + TIME
    + r")?",
    re.ASCII,
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)" + TIME, re.ASCII)
_DICOM = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)" + _FRACTION + _ZONE,
    re.ASCII,
)
_WEEK = re.compile(r"(\d{4})-?W(\d\d)(?:-?([1-7]))?", re.ASCII)
_ORDINAL = re.compile(r"(\d{4})-(\d{3})", re.ASCII)
_EITHER_FIRST = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}.*", re.ASCII | re.DOTALL)
_DIGITS = re.compile(r"(-?)(\d+)(?:\.0*)?", re.ASCII)
# What the server's date fields read as we do: kept as it was written.
_SERVERS = re.compile(
    r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d([.,]\d{1,9})?)?)?(?P<zone>Z|[+-]\d\d(:?\d\d)?)?)?)?)?|[1-9]\d{10,12}",
    re.ASCII,
)


@dataclass(frozen=True)
class Span:
    """From ``start`` until before ``end``, in milliseconds since 1970; ``text`` is what the server reads as ``start``."""

    start: int
    end: int
    text: str


def read_date(value: str | float, zone: tzinfo) -> Span:
    """The span of ``value``, in ``zone`` where it has no zone of its own.

    Raises ValueError with the reason, a phrase that goes on after "is".
    """
    if isinstance(value, bool):
        raise ValueError(NO_DATE)
    text = (repr(value) if isinstance(value, float) else str(value)).strip(" \t\r\n\0")
    span = _read(text, zone)
    if _SERVERS.fullmatch(text) and (zone is timezone.utc or _has_zone(text)):
        return Span(span.start, span.end, text)
    return span


def _read(text: str, zone: tzinfo) -> Span:
    if match := _DIGITS.fullmatch(text):
        if (milliseconds := _milliseconds(match[1], match[2])) is not None:
            return instant(milliseconds)
        if match[1] or len(match[2]) not in (4, 8, 14):
            raise ValueError(UNCLEAR)
        if len(match[2]) != 14:
            text = match[2]  # 20240531.0, as a table with gaps has it
    for form in (_YEAR_FIRST, _COMPACT, _DICOM):
        if match := form.fullmatch(text):
            return spanned(match.groupdict(), zone)
    if match := _WEEK.fullmatch(text):
        return _days(_week_day(match[1], match[2], match[3] or "1"), 1 if match[3] else 7, zone)
    if match := _ORDINAL.fullmatch(text):
        return _days(_day_of_year(match[1], match[2]), 1, zone)
    raise ValueError(WHICH_FIRST if _EITHER_FIRST.fullmatch(text) else NO_DATE)


def instant(milliseconds: int) -> Span:
    """The span of one millisecond. Raises ValueError outside the years 1 to 9999."""
    return _checked(milliseconds, milliseconds + 1, in_utc(milliseconds) if FIRST <= milliseconds <= LAST else "")


def spanned(parts: Mapping[str, str | None], zone: tzinfo) -> Span:
    """The span of the named ``parts`` of a date, from ``year`` to ``fraction`` of a second as far as they go, and its zone's."""
    year, month = int(parts["year"] or 0), parts["month"] or parts.get("month2")
    day, hour, minute, second, fraction = (parts.get(name) for name in ("day", "hour", "minute", "second", "fraction"))
    try:
        local = datetime(year, int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        raise ValueError(NO_SUCH) from None
    if day is None or hour is None:
        return _calendar_span(local, month is not None, day is not None, zone)
    own: tzinfo | None = zone
    if parts.get("utc"):
        own = timezone.utc
    elif sign := parts.get("sign"):
        own = offset_zone(sign, str(parts["zh"]), parts["zm"])
    if own is None:
        raise ValueError(NO_SUCH)
    milliseconds = int((fraction or "")[:3].ljust(3, "0"))
    length = 10 ** (3 - min(len(fraction), 3)) if fraction else 1000 if second else 60_000 if minute else 3_600_000
    start = _since_1970(local, own) + milliseconds
    return _checked(start, start + length, _written(local, milliseconds, own, start))


def _calendar_span(local: datetime, has_month: bool, has_day: bool, zone: tzinfo) -> Span:
    """Of a year, a month or a day that begins at ``local``: until the next begins, however long its days are."""
    if has_day:
        return _days(local.date(), 1, zone)
    start = _since_1970(local, zone)
    following = (local.year, local.month + 1) if has_month and local.month < 12 else (local.year + 1, 1)
    end = LAST + 1 if following[0] > 9999 else _since_1970(datetime(*following, 1), zone)
    text = f"{local.year:04d}-{local.month:02d}" if has_month else f"{local.year:04d}"
    return _checked(start, end, text if zone is timezone.utc else _written(local, 0, zone, start))


def _days(first: date, number: int, zone: tzinfo) -> Span:
    local = datetime(first.year, first.month, first.day)
    start = _since_1970(local, zone)
    try:
        end = _since_1970(local + timedelta(number), zone)
    except OverflowError:
        end = LAST + 1
    return _checked(start, end, first.isoformat() if zone is timezone.utc else _written(local, 0, zone, start))


def _milliseconds(sign: str, digits: str) -> int | None:
    """Of a number that means milliseconds since 1970, which 1970-04-26 to 2286 have with 11 to 13 digits."""
    if not 11 <= len(digits) <= 13 or digits[0] == "0":
        return None
    if not sign and len(digits) == 12 and digits[:2] in ("19", "20"):
        # DICOM's 202405311000 is also a day of 1976.
        try:
            datetime(*(int(digits[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12))))  # type: ignore[arg-type]
            return None
        except ValueError:
            pass
    return int(sign + digits)


def _week_day(year: str, week: str, day: str) -> date:
    try:
        return date.fromisocalendar(int(year), int(week), int(day))
    except ValueError:
        raise ValueError(NO_SUCH) from None


def _day_of_year(year: str, number: str) -> date:
    try:
        day = date(int(year), 1, 1) + timedelta(int(number) - 1)
    except (ValueError, OverflowError):
        raise ValueError(NO_SUCH) from None
    if day.year != int(year):
        raise ValueError(NO_SUCH)
    return day


def _since_1970(local: datetime, zone: tzinfo) -> int:
    offset = local.replace(tzinfo=zone).utcoffset() or timedelta()
    # In integers: instants of the first and the last day may lie outside what datetime holds.
    return (local - _EPOCH - offset) // timedelta(milliseconds=1)


def _checked(start: int, end: int, text: str) -> Span:
    if start < FIRST or start > LAST:
        raise ValueError("outside the years 1 to 9999")
    return Span(start, end, text)


def _written(local: datetime, milliseconds: int, zone: tzinfo, start: int) -> str:
    offset = local.replace(tzinfo=zone).utcoffset() or timedelta()
    if zone is timezone.utc or offset.seconds % 60:  # local mean times of the 19th century
        return in_utc(start) if FIRST <= start <= LAST else ""
    minutes = offset // timedelta(minutes=1)
    sign, minutes = "-" if minutes < 0 else "+", abs(minutes)
    fraction = f".{milliseconds:03d}" if milliseconds else ""
    return f"{local.isoformat(timespec='seconds')}{fraction}{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def in_utc(milliseconds: int) -> str:
    """ISO 8601, to the second, or to the millisecond where it has some."""
    exact = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{exact.isoformat(timespec='milliseconds').removesuffix('.000')}Z"


def _has_zone(text: str) -> bool:
    match = _SERVERS.fullmatch(text)
    return bool(match and match["zone"]) or (text.isdigit() and len(text) > 4)
