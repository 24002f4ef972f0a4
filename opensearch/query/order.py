"""The order of hits by a field. Pure.

The server sorts by a field where it does so rightly; a hybrid's candidates are sorted here. OpenSearch 2.19 takes a sort in a
hybrid, and then each clause brings its first by the field instead of its best: other candidates, normalised to other scores, and
never scores and a second field to sort by together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clipseek.files.text import canonical

from ..index.mapping import FieldType
from .fields import indexed_field

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
    clean = canonical(text).strip()
    end = next((end for end in _ENDS if clean.endswith(end)), "")
    field = indexed_field(clean.removesuffix(end).strip(), declared, "sort")
    return Order(field.path, field.kind, _ENDS.get(end, False))
