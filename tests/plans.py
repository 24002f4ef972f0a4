"""Searches in one line: the three values of a search by the names of their fields, and what is sent for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from clipseek.opensearch import Fusion, Page, Query
from clipseek.opensearch.index.mapping import FieldType
from clipseek.opensearch.query.plan import Plan, make_plan
from clipseek.opensearch.query.scope import read_scope
from clipseek.opensearch.search.index_defaults import check_together
from numpy.typing import NDArray

Vector = NDArray[np.float32]


def values(text: str = "", **given: Any) -> tuple[Query, Fusion, Page]:
    """A query, a fusion and a page; each takes the fields that it has. Raises InvalidOption where they make no search."""
    made: list[Any] = []
    for kind in (Query, Fusion, Page):
        own: dict[str, Any] = {field.name: given.pop(field.name) for field in fields(kind) if field.name in given}
        made.append(kind(text, **own) if kind is Query else kind(**own))
    if given:
        raise TypeError(f"no field of a search is called {', '.join(given)}")
    query, fusion, page = made
    check_together(query, fusion, page)
    return query, fusion, page


def plan(
    text: str = "",
    vectors: Mapping[str, Vector] | Vector | None = None,
    declared: Mapping[str, FieldType] | None = None,
    **given: Any,
) -> Plan:
    """What is sent. ``vectors``: by the clauses' names, or of the only one; ``declared``: columns of the index."""
    query, fusion, page = values(text, **given)
    by_name = vectors if isinstance(vectors, Mapping) else {} if vectors is None else {"vector": vectors}
    return make_plan(query, fusion, page, read_scope(query, page, declared or {}), by_name)
