"""Fields that pictures' own files fill in, declared without being asked for: whoever has them filters by them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clipseek.sources import Record

from ..index.mapping import FieldType

#: Of ``Embedded.fields`` in ``clipseek.sources``, the types.
OWN_FIELDS: dict[str, FieldType] = {
    "keywords": "keyword",
    "taken": "date",
    "camera": "keyword",
    "city": "keyword",
    "country": "keyword",
}


def own_fields(records: Iterable[Record], declared: Mapping[str, FieldType]) -> dict[str, FieldType]:
    """Those of the fields that are in ``records`` and not ``declared``."""
    return missing((name for record in records for name in record.metadata), declared)


def missing(names: Iterable[str], declared: Mapping[str, FieldType]) -> dict[str, FieldType]:
    """Those of the fields that are among ``names`` and not ``declared``."""
    there = set(names)
    return {name: kind for name, kind in OWN_FIELDS.items() if name in there and name not in declared}
