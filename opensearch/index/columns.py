"""A record's columns as fields of its document: what is declared is read as its type, the rest is kept as it is. Pure.

The server reads more than we do, and otherwise: ``5d`` is a number for it, 202405 a millisecond of 1970, an id of 19 digits
another id. So a value that we cannot read stands beside the field that it was meant for, under a name that is not indexed, and a
hit shows it under its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clipseek.files.text import canonical
from clipseek.sources import MetadataValue, Record

from ..values.date_formats import DateReader
from ..values.keywords import LONGEST, is_too_long, keyword
from ..values.numbers import read_number
from ..values.places import read_place
from .mapping import FieldType, field_name

AS_WRITTEN = " (as written)"
TOO_LONG = f"longer than {LONGEST:,} characters"


@dataclass(frozen=True)
class Unfound:
    """A value of a declared ``column`` that no filter finds. ``reason`` goes on after "is"."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class DeclaredColumns:
    """The columns that can be filtered by, with their types, and how their dates are read."""

    fields: Mapping[str, FieldType] = field(default_factory=dict)
    dates: DateReader = field(default_factory=DateReader)

    def values(self, record: Record) -> tuple[dict[str, Any], tuple[Unfound, ...]]:
        """The record's columns by the names of their fields, its group too, where that is declared; and what no filter finds."""
        given = {field_name(column): value for column, value in record.metadata.items()}
        if record.group is not None and "group" in self.fields:
            given.setdefault("group", record.group)
        return self.typed(given)

    def typed(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Unfound, ...]]:
        """The values of fields by their names, as a document has them; and what no filter finds."""
        kept: dict[str, Any] = {}
        unfound: list[Unfound] = []
        for name, value in given.items():
            kind = self.fields.get(name)
            if kind is None:
                kept[name] = _plain(value)
                continue
            right, wrong = self._sorted_out(name, kind, value, unfound)
            for place, parts in ((name, right), (name + AS_WRITTEN, wrong)):
                if parts:
                    kept[place] = parts if isinstance(value, (tuple, list)) else parts[0]
        return kept, tuple(unfound)

    def _sorted_out(
        self, name: str, kind: FieldType, value: Any, unfound: list[Unfound]
    ) -> tuple[list[Any], list[Any]]:
        """The parts of ``value`` that are of their type, and those that are not, which are told to ``unfound``."""
        right: list[Any] = []
        wrong: list[Any] = []
        for part in value if isinstance(value, (tuple, list)) else (value,):
            try:
                right.append(self._read(kind, part))
            except ValueError as problem:
                wrong.append(_plain(part))
                unfound.append(Unfound(name, str(wrong[-1]), str(problem)))
                continue
            if kind == "keyword" and is_too_long(str(right[-1])):
                unfound.append(Unfound(name, str(right[-1]), TOO_LONG))
        return right, wrong

    def _read(self, kind: FieldType, value: str | float) -> Any:
        if kind == "keyword":
            if isinstance(value, bool):
                return "true" if value else "false"
            return keyword(value) if isinstance(value, str) else _plain(value)
        if kind == "number":
            return read_number(value)
        if kind == "place":
            return read_place(value)
        text = self.dates.read(value).text
        # A number of milliseconds stays one; another number would be milliseconds for the server.
        return value if isinstance(value, int) and text == str(value) and len(text) > 10 else text


def shown(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A document's ``metadata`` with every value under its column's name, as its source had it."""
    values: dict[str, Any] = {name: value for name, value in metadata.items() if not name.endswith(AS_WRITTEN)}
    for name in metadata.keys() - values.keys():
        column, wrong = name.removesuffix(AS_WRITTEN), metadata[name]
        right = values.get(column)
        values[column] = wrong if right is None else right if wrong is None else [*_listed(right), *_listed(wrong)]
    return {name: value for name, value in values.items() if value is not None}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: MetadataValue) -> Any:
    """As JSON and the server carry it."""
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, str):
        return canonical(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    # An integer beyond 64 bits is no number for the server either.
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value
