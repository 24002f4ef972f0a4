"""Fields that pictures' own files fill in, declared without being asked for: whoever has them filters by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import opensearchpy
from clipseek.sources import Record

from ..index.declaring import declare
from ..index.mapping import FieldType
from ..index.version import Version
from ..values.date_formats import DateReader
from ..values.zones import read_zone
from .report import IngestReport

#: Of ``Embedded.fields`` in ``clipseek.sources``, the types; ``place`` is declared where it is asked for.
OWN_FIELDS: dict[str, FieldType] = {
    "keywords": "keyword",
    "taken": "date",
    "camera": "keyword",
    "city": "keyword",
    "country": "keyword",
}


def own_fields(records: Iterable[Record], declared: Mapping[str, FieldType]) -> dict[str, FieldType]:
    """Those of the fields that are in ``records`` and not ``declared``."""
    return _missing((name for record in records for name in record.metadata), declared)


def _missing(names: Iterable[str], declared: Mapping[str, FieldType]) -> dict[str, FieldType]:
    """Those of the fields that are among ``names`` and not ``declared``."""
    there = set(names)
    return {name: kind for name, kind in OWN_FIELDS.items() if name in there and name not in declared}


def declare_late(
    client: opensearchpy.OpenSearch, version: Version, report: IngestReport, date_formats: tuple[str, ...]
) -> Version:
    """``version`` with those of the fields declared that came after the first entries; ``report`` says so."""
    new = _missing(report.undeclared, version.fields)
    report.undeclared = tuple(name for name in report.undeclared if name not in new)
    return declare(client, version, new, DateReader(read_zone(version.time_zone), date_formats))
