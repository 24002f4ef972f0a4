"""Which pictures of an index a search may bring, in what order, and which of their fields it counts. Pure.

A filter is ``field=value``, ``field!=value``, ``field=one,other`` or ``field>=number``: a clause of a bool query. All must hold.

The server sorts by a field where it does so rightly; a hybrid's candidates are sorted here. OpenSearch 2.19 takes a sort in a
hybrid, and then each clause brings its first by the field instead of its best: other candidates, normalised to other scores, and
never scores and a second field to sort by together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clipseek.files.text import without_surrogates

from ..errors import InvalidOption
from ..index.mapping import FieldType
from .page import Page
from .query import Query

_FORM = re.compile(r"\s*([^=!<>]+?)\s*(!=|>=|<=|>|<|=)(.*)", re.DOTALL)
#: What every picture has, besides its declared columns.
OWN: Mapping[str, FieldType] = {
    "image_id": "keyword",
    "image_uri": "keyword",
    "content_hash": "keyword",
    "width": "number",
    "height": "number",
    "ingested_at": "date",
}
_RANGES = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
# ISO 8601 to the day or finer, a year or a month alone, or milliseconds since 1970: what the server's date fields take.
_DATE = re.compile(
    r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d([.,]\d{1,9})?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?)?)?|\d{5,15}", re.ASCII
)
# With the caption's terms, still fewer than the 1,024 that a query may have.
MAX_FILTERS = 64
#: Of one list.
MAX_VALUES = 200
_ENDS = {":asc": False, ":desc": True}


@dataclass(frozen=True)
class Order:
    """By ``field``, pictures without a value last, those with the same by their ids."""

    field: str
    kind: FieldType
    descending: bool = False

    @property
    def server_sort(self) -> list[dict[str, Any]]:
        """What is sent under ``sort``."""
        first = {self.field: {"order": "desc" if self.descending else "asc", "missing": "_last"}}
        return [first] if self.field == "image_id" else [first, {"image_id": "asc"}]

    @property
    def docvalue(self) -> str | dict[str, str]:
        """What is sent under ``docvalue_fields``, for rows that are sorted here."""
        return {"field": self.field, "format": "epoch_millis"} if self.kind == "date" else self.field


def parse_order(text: str, declared: Mapping[str, FieldType]) -> Order:
    """Of ``FIELD``, ``FIELD:asc`` or ``FIELD:desc``. Raises InvalidOption for a field that is not indexed."""
    clean = without_surrogates(text).strip()
    end = next((end for end in _ENDS if clean.endswith(end)), "")
    field, kind = indexed_field(clean.removesuffix(end).strip(), declared, "sort")
    return Order(field, kind, _ENDS.get(end, False))


@dataclass(frozen=True)
class Scope:
    """A query's filters and a page's fields, as the index has them.

    filters: clauses that must hold.
    order: of ``Page.sort``.
    facets: field of the index by its name in ``Page.facets``.
    """

    filters: Sequence[dict[str, Any]] = ()
    order: Order | None = None
    facets: Mapping[str, str] = field(default_factory=dict)


def read_scope(query: Query, page: Page, fields: Mapping[str, FieldType]) -> Scope:
    """Of an index with the declared columns ``fields``. Pictures that the query names are left out. Raises InvalidOption for a
    filter that cannot be read, and a field that is not indexed.
    """
    return Scope(
        [*parse_filters(query.filters, fields), *without_ids(query.ids)],
        None if page.sort is None else parse_order(page.sort, fields),
        parse_facets(page.facets, fields),
    )


def parse_filters(texts: Sequence[str], declared: Mapping[str, FieldType]) -> list[dict[str, Any]]:
    """One clause for each text. ``declared`` are the index's columns; ``OWN`` the fields that every picture has.

    A value is only ever a value. Raises InvalidOption for another form, a field that the index cannot filter by, and a value
    that is not of the field's type.
    """
    if len(texts) > MAX_FILTERS:
        raise InvalidOption(f"{len(texts)} filters are too many; give at most {MAX_FILTERS}")
    return [_clause(without_surrogates(text), declared) for text in texts]


def without_ids(ids: Sequence[str]) -> list[dict[str, Any]]:
    """The filter that leaves out the pictures ``ids``; none where there are none."""
    return [{"bool": {"must_not": [{"ids": {"values": list(ids)}}]}}] if ids else []


def _clause(text: str, declared: Mapping[str, FieldType]) -> dict[str, Any]:
    match = _FORM.fullmatch(text)
    if not match:
        raise InvalidOption(
            f"filter {_short(text)} is not understood; write it like set=lucide, set=lucide,mdi, set!=lucide or width>=640"
        )
    name, sign, written = match[1], match[2], match[3].strip()
    field, kind = indexed_field(name, declared, "filter")
    if sign in _RANGES:
        value = _value(name, kind, written)
        if kind == "keyword":
            raise InvalidOption(f"{_short(name)} holds words, which have no order; write {name}={written[:40]}")
        return {"range": {field: {_RANGES[sign]: value}}}
    values = _listed(name, kind, written)
    term: dict[str, Any] = {"term": {field: {"value": values[0]}}} if len(values) == 1 else {"terms": {field: values}}
    return {"bool": {"must_not": [term]}} if sign == "!=" else term


def indexed_field(name: str, declared: Mapping[str, FieldType], purpose: str) -> tuple[str, FieldType]:
    """Where the column ``name`` stands in a document, and its type. Raises InvalidOption for one that is not indexed."""
    column = name.removeprefix("metadata.")
    if column in declared:
        return f"metadata.{column}", declared[column]
    if name in OWN:
        return name, OWN[name]
    known = ", ".join([*sorted(declared), *OWN])
    raise InvalidOption(
        f"{purpose} field {_short(name)} is not indexed here; use one of {known}, or declare it at ingest with --keyword, "
        "--number or --date"
    )


def parse_facets(names: Sequence[str], declared: Mapping[str, FieldType]) -> dict[str, str]:
    """Each facet's name and the field whose values it counts. Raises InvalidOption as ``indexed_field`` does."""
    if len(names) > 10:
        raise InvalidOption(f"{len(names)} facets are too many; give at most 10")
    clean = [without_surrogates(name).strip() for name in names]
    return {name: indexed_field(name, declared, "facet")[0] for name in clean}


def _listed(name: str, kind: FieldType, written: str) -> list[str | float]:
    """The values of ``one,other``. Words with a comma may also be one value, so they are among them as they stand."""
    parts = [part.strip() for part in written.split(",") if part.strip()]
    if len(parts) < 2 or (kind == "date" and _DATE.fullmatch(written)):
        return [_value(name, kind, written)]
    if len(parts) > MAX_VALUES:
        raise InvalidOption(
            f"{len(parts)} values of {_short(name)} are too many for one filter; give at most {MAX_VALUES}"
        )
    return [_value(name, kind, part) for part in dict.fromkeys([*parts, *([written] if kind == "keyword" else [])])]


def _value(name: str, kind: FieldType, written: str) -> str | float:
    if kind == "keyword":
        return written
    if kind == "date":
        if not _DATE.fullmatch(written):
            raise InvalidOption(
                f"{_short(written)} is no date for {name}; write one like 2024-05-31 or 2024-05-31T12:00:00Z"
            )
        return written
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidOption(f"{_short(written)} is no number for {name}; write one like {name}>=640")
    return int(number) if number.is_integer() and abs(number) < 2**31 else number


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
