"""Which pictures of an index a search may bring, in what order, and which of their fields it counts. Pure.

The server sorts by a field where it does so rightly; a hybrid's candidates are sorted here. OpenSearch 2.19 takes a sort in a
hybrid, and then each clause brings its first by the field instead of its best: other candidates, normalised to other scores, and
never scores and a second field to sort by together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clipseek.files.text import without_surrogates

from ..index.mapping import FieldType
from .filters import indexed_field, parse_facets, parse_filters, without_ids
from .page import Page
from .query import Query

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
