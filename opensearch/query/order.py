"""Hits in the order of a field instead of their scores'. The server sorts where it does so rightly; a hybrid's candidates are
sorted here.

OpenSearch 2.19 takes a sort in a hybrid, and then each clause brings its first by the field instead of its best: other candidates,
normalised to other scores, and never scores and a second field to sort by together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clipseek.files.text import without_surrogates

from ..index.mapping import FieldType
from .filters import indexed_field

_ENDS = {":asc": False, ":desc": True}


@dataclass(frozen=True)
class Order:
    """By ``field``, pictures without a value last, those with the same by their ids."""

    field: str
    kind: FieldType
    descending: bool = False


def parse_order(text: str, declared: Mapping[str, FieldType]) -> Order:
    """Of ``FIELD``, ``FIELD:asc`` or ``FIELD:desc``. Raises InvalidOption for a field that is not indexed."""
    clean = without_surrogates(text).strip()
    end = next((end for end in _ENDS if clean.endswith(end)), "")
    field, kind = indexed_field(clean.removesuffix(end).strip(), declared, "sort")
    return Order(field, kind, _ENDS.get(end, False))


def server_sort(order: Order) -> list[dict[str, Any]]:
    """What is sent under ``sort``."""
    first = {order.field: {"order": "desc" if order.descending else "asc", "missing": "_last"}}
    return [first] if order.field == "image_id" else [first, {"image_id": "asc"}]


def wanted_value(order: Order) -> str | dict[str, str]:
    """What is sent under ``docvalue_fields``, for ``ordered``."""
    return {"field": order.field, "format": "epoch_millis"} if order.kind == "date" else order.field


def ordered(rows: Sequence[Mapping[str, Any]], order: Order) -> list[Mapping[str, Any]]:
    """The rows of a ranking (``two_steps.named``), whose ``fields`` have the order's values, as ``server_sort`` would have them."""
    by_id = sorted(rows, key=lambda row: str(row["_id"]))
    valued = [(_value(row["fields"][order.field], order), row) for row in by_id if row["fields"].get(order.field)]
    without = [row for row in by_id if not row["fields"].get(order.field)]
    # A stable sort, also downwards: ids stay in their order.
    return [row for _, row in sorted(valued, key=lambda pair: pair[0], reverse=order.descending)] + without


def _value(values: Sequence[Any], order: Order) -> Any:
    # Of several values the server takes the smallest upwards and the largest downwards.
    comparable = [str(value) if order.kind == "keyword" else float(value) for value in values]
    return max(comparable) if order.descending else min(comparable)
