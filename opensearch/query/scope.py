"""Which pictures of an index a search may bring, in what order, and which of their fields it counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timezone, tzinfo
from typing import Any

from clipseek.files.text import canonical

from ..errors import InvalidOption
from ..index.mapping import FieldType
from ..values.zones import UTC, read_zone
from .fields import indexed_field
from .filters import parse_filters, without_ids
from .order import Order, parse_order
from .page import Page
from .query import Query


@dataclass(frozen=True)
class Scope:
    """A query's filters and a page's fields, as the index has them.

    filters: clauses that must hold.
    order: of ``Page.sort``.
    facets: field of the index by its name in ``Page.facets``.
    zone: of dates without one in the filters, and of those that facets show.
    """

    filters: Sequence[dict[str, Any]] = ()
    order: Order | None = None
    facets: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = timezone.utc


def read_scope(query: Query, page: Page, fields: Mapping[str, FieldType], time_zone: str = UTC) -> Scope:
    """Of an index with the declared columns ``fields`` and this time zone. Pictures that the query names are left out.

    Raises InvalidOption for a filter that cannot be read, and a field that is not indexed.
    """
    scope = scope_of(query.filters, query.any_filters, page, fields, query.time_zone or time_zone)
    return replace(scope, filters=[*scope.filters, *without_ids(query.ids)])


def scope_of(
    filters: Sequence[str],
    any_filters: Sequence[str],
    page: Page,
    fields: Mapping[str, FieldType],
    time_zone: str = UTC,
) -> Scope:
    """As ``read_scope``, where nothing is searched for."""
    zone = read_zone(time_zone)
    return Scope(
        parse_filters(filters, fields, any_texts=any_filters, zone=zone),
        None if page.sort is None else parse_order(page.sort, fields),
        parse_facets(page.facets, fields),
        zone,
    )


def parse_facets(names: Sequence[str], declared: Mapping[str, FieldType]) -> dict[str, str]:
    """Each facet's name and the field whose values it counts. Raises InvalidOption as ``indexed_field`` does."""
    if len(names) > 10:
        raise InvalidOption(f"{len(names)} facets are too many; give at most 10")
    clean = [canonical(name).strip() for name in names]
    return {name: indexed_field(name, declared, "facet").path for name in clean}
