"""A source's columns as fields of the index, in the types that were declared for them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from clipseek.files.text import without_surrogates
from clipseek.sources import MetadataValue, Record

from .mapping import FieldType, field_name


def metadata(record: Record, fields: Mapping[str, FieldType]) -> dict[str, Any]:
    """The record's columns as fields, numbers where they are declared so; its group too, where that is declared."""
    values = {field_name(column): value for column, value in record.metadata.items()}
    if record.group is not None and "group" in fields:
        values.setdefault("group", record.group)
    return {without_surrogates(name): _typed(value, fields.get(name)) for name, value in values.items()}


def malformed(values: Mapping[str, Any], fields: Mapping[str, FieldType]) -> list[str]:
    """Names of the declared fields whose value is not of the declared type: kept, shown, and not searchable."""
    return [
        name
        for name, kind in fields.items()
        if (value := values.get(name)) is not None
        and ((kind == "number" and not _all_numbers(value)) or (kind == "date" and not _is_date(value)))
    ]


def _typed(value: MetadataValue, kind: FieldType | None) -> Any:
    if isinstance(value, tuple):
        return [_typed(part, kind) for part in value]
    if kind == "number" and isinstance(value, str):
        return number if (number := _number(value)) is not None else without_surrogates(value)
    if kind == "keyword" and isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    # An integer beyond 64 bits is no number for the server either.
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return without_surrogates(value) if isinstance(value, str) else value


def _number(text: str) -> float | int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _all_numbers(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values)


def _is_date(value: Any) -> bool:
    """As the server's default format: ISO 8601, a year or a month alone too, or milliseconds since 1970."""
    if isinstance(value, list):
        return all(_is_date(one) for one in value)
    if isinstance(value, int):
        return not isinstance(value, bool)
    text = str(value)
    digits = text.replace("-", "", 1) if len(text) == 7 else text
    if len(digits) in (4, 6) and digits.isdigit() and (len(digits) == 4 or "01" <= digits[4:] <= "12"):
        return True
    try:
        date.fromisoformat(text[:10])
        if len(text) > 10:
            datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text.isdigit()
    return len(text) == 10 or text[10] == "T"
