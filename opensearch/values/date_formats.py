"""Further ways to write a date, which somebody named: the day first, the month first, epochs, and patterns of strptime. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal

from ..errors import InvalidOption
from .dates import TIME, Span, instant, read_date, spanned

#: What the names mean, for help and messages.
NAMED = ("day-first", "month-first", "epoch-seconds", "epoch-milliseconds")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})(?P<mark>[./-])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})" + TIME, re.ASCII)
_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})(?P<mark>[./-])(?P<day>\d{1,2})(?P=mark)(?P<year>\d{4})" + TIME, re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?", re.ASCII)
# Finest first: directives of strptime, and how many of year, month, day, hour, minute, second they settle.
_SETTLED = (("fS", 6), ("cTXrs", 6), ("M", 5), ("HI", 4), ("djxDaAuwUWV", 3), ("mbBh", 2))
_PARTS = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True)
class DateReader:
    """Reads dates as ``formats`` say, the first that fits, else as ``dates.read_date`` does; those without a zone are in ``zone``.

    formats: names of ``NAMED``, and patterns of strptime (``%d.%m.%Y``). Raises InvalidOption for what is neither.
    """

    zone: tzinfo = timezone.utc
    formats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pattern in self.formats:
            _check(pattern)

    def read(self, value: str | float) -> Span:
        """The span of ``value``. Raises ValueError with the reason, a phrase that goes on after "is"."""
        wrong: ValueError | None = None
        for pattern in () if isinstance(value, bool) else self.formats:
            text = str(value).strip(" \t\r\n\0")
            try:
                span = _NAMES[pattern](text, self.zone) if pattern in _NAMES else _by_pattern(text, pattern, self.zone)
            except ValueError as problem:
                wrong = wrong or problem
                continue
            if span is not None:
                return span
        if wrong is not None:
            raise wrong
        return read_date(value, self.zone)


def _check(pattern: str) -> None:
    if pattern in _NAMES:
        return
    refused = InvalidOption(
        f"date format {pattern[:60]!r} is none of {', '.join(NAMED)}, and no pattern with a year like %d.%m.%Y"
    )
    if not re.search(r"%[YyGcxDs]", pattern.replace("%%", "")):
        raise refused
    now = datetime(2024, 5, 31, 13, 14, 15, tzinfo=timezone.utc)
    try:
        datetime.strptime(now.strftime(pattern), pattern)
    except (ValueError, re.error):
        raise refused from None


def _matched(form: re.Pattern[str]) -> Callable[[str, tzinfo], Span | None]:
    def read(text: str, zone: tzinfo) -> Span | None:
        match = form.fullmatch(text)
        return spanned(match.groupdict(), zone) if match else None

    return read


def _epoch(milliseconds: int) -> Callable[[str, tzinfo], Span | None]:
    def read(text: str, zone: tzinfo) -> Span | None:
        return instant(math.floor(Decimal(text) * milliseconds)) if _NUMBER.fullmatch(text) else None

    return read


_NAMES: dict[str, Callable[[str, tzinfo], Span | None]] = {
    "day-first": _matched(_DAY_FIRST),
    "month-first": _matched(_MONTH_FIRST),
    "epoch-seconds": _epoch(1000),
    "epoch-milliseconds": _epoch(1),
}


def _by_pattern(text: str, pattern: str, zone: tzinfo) -> Span | None:
    try:
        moment = datetime.strptime(text, pattern)
    except (ValueError, OverflowError):
        return None
    directives = set(re.findall(r"%-?([a-zA-Z])", pattern.replace("%%", "")))
    settled = next((number for letters, number in _SETTLED if directives & set(letters)), 1)
    parts: dict[str, str | None] = {name: str(getattr(moment, name)) for name in _PARTS[:settled]}
    parts["month"] = parts.get("month")
    if "f" in directives:
        parts["fraction"] = f"{moment.microsecond:06d}"
    offset = moment.utcoffset()
    return spanned(parts, zone if offset is None else timezone(offset - offset % timedelta(minutes=1)))
