"""What an index is made with: options, and the body that creates it. Pure; sends nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from .errors import InvalidOption
from .templates import fill

#: Raised when the mapping changes so that older indexes can no longer be written to.
MAPPING_VERSION = 1

Engine: TypeAlias = Literal["lucene", "faiss"]
ENGINES: tuple[Engine, ...] = ("lucene", "faiss")
FieldType: TypeAlias = Literal["keyword", "number", "date"]

#: (m, ef_construction): links of a node in the HNSW graph, and candidates looked at when one is added.
PRESETS: dict[str, tuple[int, int]] = {"default": (16, 128), "talk": (32, 500)}

# A value that is not of its type is kept and shown, and cannot be searched: one bad cell must not cost a picture.
_FIELD_BODIES: dict[FieldType, dict[str, Any]] = {
    "keyword": {"type": "keyword", "ignore_above": 8191},
    "number": {"type": "double", "ignore_malformed": True},
    "date": {"type": "date", "ignore_malformed": True},
}


def field_name(column: str) -> str:
    """A column's name as the name of a field. A dot would make a field inside a field."""
    return column.strip().replace(".", "_") or "_"


def preset_name(parameters: Mapping[str, Any]) -> str | None:
    """The preset with these ``m`` and ``ef_construction``, or ``None``."""
    found = (parameters.get("m"), parameters.get("ef_construction"))
    return next((name for name, values in PRESETS.items() if values == found), None)


@dataclass(frozen=True)
class IndexOptions:
    """Everything about a new index but the model.

    ``m`` and ``ef_construction`` shape the HNSW graph; ``analyzer`` is the caption's (``english``, ``german``, ``cjk``,
    ``standard`` ...); ``fields`` declares columns to filter by. Raises InvalidOption for what no server would take.
    """

    engine: Engine = "lucene"
    m: int = PRESETS["default"][0]
    ef_construction: int = PRESETS["default"][1]
    analyzer: str = "english"
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    shards: int = 1

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise InvalidOption(f"engine {self.engine!r} is not known; choose one of {', '.join(ENGINES)}")
        for name, value, most in (("m", self.m, 512), ("ef_construction", self.ef_construction, 3200)):
            if not 2 <= value <= most:
                raise InvalidOption(f"{name} {value} cannot be used; give a number from 2 to {most}")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", self.analyzer):
            raise InvalidOption(
                f"analyzer {self.analyzer!r} is no name of an analyzer; give one like english or standard"
            )
        seen: dict[str, str] = {}
        for column, kind in self.fields.items():
            if kind not in _FIELD_BODIES:
                raise InvalidOption(f"field type {kind!r} of {column!r} is not known; choose keyword, number or date")
            if (other := seen.setdefault(field_name(column), column)) != column:
                raise InvalidOption(f"columns {other!r} and {column!r} would be one field; rename one")

    def body(self, dimension: int, meta: Mapping[str, Any]) -> dict[str, Any]:
        """The body of ``PUT /<index>`` for vectors of ``dimension`` floats, with ``meta`` under ``_meta``."""
        return fill(
            "images.json",
            dimension=dimension,
            engine=self.engine,
            m=self.m,
            ef_construction=self.ef_construction,
            analyzer=self.analyzer,
            shards=self.shards,
            metadata={field_name(column): dict(_FIELD_BODIES[kind]) for column, kind in self.fields.items()},
            meta=dict(meta),
        )
