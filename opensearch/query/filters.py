"""Filters: conditions on fields, as clauses of a bool query. Pure.

``field=value``, ``field!=value``, ``field=one,other``, and ``field>=value`` with ``<``, ``<=``, ``>`` for numbers and dates. Values
are compared as numbers, calendars and texts have it, whatever type the server's field has, so that it never refuses one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timezone, tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from clipseek.files.text import without_surrogates

from ..errors import InvalidOption
from ..index.mapping import FieldType
from ..values.dates import FIRST, LAST, in_utc, read_date
from ..values.keywords import LONGEST, is_too_long, keyword
from ..values.numbers import exact, is_beyond
from ..values.places import read_near
from .fields import IndexedField, indexed_field, short
from .ranges import NONE, Clause, Range, WholeField, any_of, exists
from .spellings import spellings

_FORM = re.compile(r"\s*([^=!<>]+?)\s*(!=|>=|<=|>|<|=)(.*)", re.DOTALL)
_RANGES = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
#: Conditions of all filters together, each date of a list being one: with the caption's terms, fewer than the 1,024 that a query
#: may have.
MAX_FILTERS = 64
#: Of one list.
MAX_VALUES = 200
_INTEGERS = 2**31


def parse_filters(
    texts: Sequence[str],
    declared: Mapping[str, FieldType],
    *,
    any_texts: Sequence[str] = (),
    zone: tzinfo = timezone.utc,
) -> list[Clause]:
    """A clause for each of ``texts``, all of which must hold, and one for ``any_texts``, of which at least one must.

    declared: the index's columns, besides what every picture has (``fields.OWN``).
    zone: of dates without one.

    A value is only ever a value. Raises InvalidOption for another form, a field that the index cannot filter by, and a value
    that is not of the field's type.
    """
    if (number := len(texts) + len(any_texts)) > MAX_FILTERS:
        raise InvalidOption(f"{number} filters are too many; give at most {MAX_FILTERS}")
    all_of = [_clause(without_surrogates(text), declared, zone) for text in texts]
    one_of = [_clause(without_surrogates(text), declared, zone) for text in any_texts]
    if (number := sum(map(_conditions, (*all_of, *one_of)))) > MAX_FILTERS:
        raise InvalidOption(
            f"the filters list {number} dates that are apart; list at most {MAX_FILTERS}, or name a whole month or year, or a "
            "first and a last one with >= and <="
        )
    return [*all_of, *([any_of(one_of)] if one_of else [])]


def without_ids(ids: Sequence[str]) -> list[Clause]:
    """The filter that leaves out the pictures ``ids``; none where there are none."""
    return [{"bool": {"must_not": [{"ids": {"values": list(ids)}}]}}] if ids else []


def _conditions(clause: Clause) -> int:
    inner = clause.get("bool", {})
    return sum(map(_conditions, (*inner.get("should", ()), *inner.get("must_not", ())))) or 1


def _clause(text: str, declared: Mapping[str, FieldType], zone: tzinfo) -> Clause:
    match = _FORM.fullmatch(text)
    if not match:
        raise InvalidOption(
            f"filter {short(text)} is not understood; write it like set=lucide, set=lucide,mdi, set!=lucide or 'width>=640', in "
            "quotes"
        )
    sign, written = match[2], match[3].strip()
    field = indexed_field(match[1], declared, "filter")
    if field.kind == "place":
        return _places(field, sign, written)
    compare = _keywords if field.kind == "keyword" else _dates if field.kind == "date" else _numbers
    if sign in _RANGES:
        return compare(field, sign, [written], zone)
    clause = compare(field, "=", _listed(field, written, zone), zone)
    return {"bool": {"must_not": [clause]}} if sign == "!=" else clause


def _listed(field: IndexedField, written: str, zone: tzinfo) -> list[str]:
    """The values of ``one,other``. Words with a comma may also be one value, so they are among them as they stand."""
    parts = [part.strip() for part in written.split(",") if part.strip()]
    if len(parts) < 2:
        return [written]
    if len(parts) > MAX_VALUES:
        raise InvalidOption(
            f"{len(parts)} values of {short(field.name)} are too many for one filter; give at most {MAX_VALUES}"
        )
    if field.kind == "keyword" and not is_too_long(written):
        parts.append(written)
    if field.kind == "date" and len(parts) == 2 and not _is_date(parts[1], zone) and _is_date(written, zone):
        return [written]  # the comma of a fraction
    return list(dict.fromkeys(parts))


def _keywords(field: IndexedField, sign: str, values: Sequence[str], zone: tzinfo) -> Clause:
    if sign in _RANGES:
        raise InvalidOption(
            f"{short(field.name)} holds words, which have no order; write {field.name}={values[0][:40]}"
        )
    for value in values:
        if is_too_long(keyword(value)):
            raise InvalidOption(
                f"{short(value)} has {len(value):,} characters; pictures cannot be filtered by values of {field.name} longer than "
                f"{LONGEST:,}"
            )
    return _equal(field, list(dict.fromkeys(form for value in values for form in spellings(field.path, value))))


def _dates(field: IndexedField, sign: str, values: Sequence[str], zone: tzinfo) -> Clause:
    whole = WholeField(field.path, FIRST, LAST, in_utc)
    ranges = [
        _read(field, value, lambda text: _span(text, zone), "2024-05-31 or 2024-05-31T12:00:00Z") for value in values
    ]
    return whole.compared(sign, ranges[0]) if sign in _RANGES else any_of(whole.among(ranges))


def _places(field: IndexedField, sign: str, written: str) -> Clause:
    if sign in _RANGES:
        raise InvalidOption(f"{short(field.name)} holds places, which have no order; write {field.name}=52.5,13.4,5km")
    near = _read(field, written, read_near, f"{field.name}=52.5,13.4,5km")
    point = {"lat": near["lat"], "lon": near["lon"]}
    clause: Clause = {"geo_distance": {"distance": near["distance"], field.path: point}}
    return {"bool": {"must_not": [clause]}} if sign == "!=" else clause


def _span(text: str, zone: tzinfo) -> Range:
    span = read_date(text, zone)
    return span.start, span.end


def _is_date(text: str, zone: tzinfo) -> bool:
    try:
        read_date(text, zone)
    except ValueError:
        return False
    return True


def _numbers(field: IndexedField, sign: str, values: Sequence[str], zone: tzinfo) -> Clause:
    numbers = [_read(field, value, exact, f"{field.name}>=640") for value in values]
    if field.is_integer:
        whole = WholeField(field.path, -_INTEGERS, _INTEGERS - 1)
        if sign in _RANGES:
            return whole.compared(sign, _integers(numbers[0]))
        inside = [start for start, end in map(_integers, numbers) if start < end and -_INTEGERS <= start < _INTEGERS]
        return _equal(field, inside)
    for value in values:
        if is_beyond(value):
            raise InvalidOption(
                f"{short(value)} is beyond 2^53, where numbers cannot be told apart; for ids, declare {field.name} as a keyword: "
                f"ingest with --keyword {field.name} into another index"
            )
    doubles = [float(number) or 0.0 for number in numbers]
    if sign not in _RANGES:
        return _equal(field, [_short_number(number) for number in doubles if math.isfinite(number)])
    if math.isinf(bound := doubles[0]):
        return exists(field.path) if (bound > 0) == (sign in ("<", "<=")) else NONE
    return {"range": {field.path: {_RANGES[sign]: _short_number(bound)}}}


def _integers(number: Decimal) -> Range:
    """The integers that equal ``number``: one, or none, where it would stand among them."""
    # Clamped first: an exponent makes an integer of any length.
    near = min(max(number, Decimal(-2 * _INTEGERS)), Decimal(2 * _INTEGERS))
    return int(near.to_integral_value(ROUND_CEILING)), int(near.to_integral_value(ROUND_FLOOR)) + 1


def _short_number(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _equal(field: IndexedField, values: Sequence[Any]) -> Clause:
    if not values:
        return NONE
    return {"term": {field.path: {"value": values[0]}}} if len(values) == 1 else {"terms": {field.path: list(values)}}


def _read(field: IndexedField, value: str, read: Callable[[str], Any], example: str) -> Any:
    try:
        return read(value)
    except ValueError as problem:
        reason = str(problem).partition(" (")[0]  # without what to do about it at ingest
        raise InvalidOption(f"{short(value)} is {reason} for {field.name}; write one like {example}") from None
