"""Which fields of an index can be filtered, sorted and counted by. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clipseek.files.text import canonical

from ..errors import InvalidOption
from ..index.mapping import FieldType

#: What every picture has, besides its declared columns.
OWN: Mapping[str, FieldType] = {
    "image_id": "keyword",
    "image_uri": "keyword",
    "content_hash": "keyword",
    "width": "number",
    "height": "number",
    "ingested_at": "date",
    "part.of": "keyword",
    "part.kind": "keyword",
    "part.number": "number",
}
#: Of these, numbers that the index keeps as integers of 32 bits; declared numbers are doubles.
INTEGERS = frozenset({"width", "height", "part.number"})


@dataclass(frozen=True)
class IndexedField:
    """A field by the ``name`` that people use, where it stands in a document (``path``), and what it holds."""

    name: str
    path: str
    kind: FieldType

    @property
    def is_integer(self) -> bool:
        return self.path in INTEGERS


def indexed_field(name: str, declared: Mapping[str, FieldType], purpose: str) -> IndexedField:
    """The field of the column ``name``. Raises InvalidOption for one that is not indexed."""
    column = canonical(name).removeprefix("metadata.")
    if column in declared:
        if declared[column] == "place" and purpose != "filter":
            raise InvalidOption(f"{purpose} field {short(name)} holds places; filter by it: {name}=52.5,13.4,5km")
        return IndexedField(name, f"metadata.{column}", declared[column])
    if name in OWN:
        return IndexedField(name, name, OWN[name])
    known = ", ".join([*sorted(declared), *OWN])
    raise InvalidOption(
        f"{purpose} field {short(name)} is not indexed here; use one of {known}, or declare it at ingest with --keyword, "
        "--number or --date"
    )


def short(text: str) -> str:
    """What somebody wrote, quoted, for a message."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
