"""Which pictures of an index a search may bring, in what order, and which of their fields it counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..index.mapping import FieldType
from .filters import parse_facets, parse_filters, without_ids
from .order import Order, parse_order
from .page import Page
from .query import Query


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
