"""What an index is made with: options, and the body that creates it. Pure; sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from clipseek.files.text import canonical

from ..errors import InvalidOption
from ..server.templates import fill
from ..values.keywords import LONGEST
from ..values.zones import read_zone
from .words.analysis import ANALYZERS, CAPTION_ANALYZER, EXACT_ANALYZER, SEARCH_ANALYZER, analysis
from .words.synonyms import check_analyzer

#: Raised when the mapping changes so that older indexes can no longer be written to.
MAPPING_VERSION = 1

Engine: TypeAlias = Literal["lucene", "faiss"]
ENGINES: tuple[Engine, ...] = ("lucene", "faiss")
#: Of each engine, how much smaller than floats it can hold vectors.
COMPRESSIONS: dict[Engine, tuple[str, ...]] = {"lucene": ("1x", "4x"), "faiss": ("1x", "2x", "8x", "16x", "32x")}
#: Compressions to a few bits of each number, which OpenSearch scores again by the whole vectors only in this mode: else no score
#: would be a cosine.
ON_DISK = ("8x", "16x", "32x")
FieldType: TypeAlias = Literal["keyword", "number", "date", "place"]

#: (m, ef_construction): links of a node in the HNSW graph, and candidates looked at when one is added.
PRESETS: dict[str, tuple[int, int]] = {"default": (16, 128), "talk": (32, 500)}

# A value that is not of its type is kept and shown, and cannot be searched: one bad cell must not cost a picture.
_FIELD_BODIES: dict[FieldType, dict[str, Any]] = {
    "keyword": {"type": "keyword", "ignore_above": LONGEST},
    "number": {"type": "double", "ignore_malformed": True},
    "date": {"type": "date", "ignore_malformed": True},
    "place": {"type": "geo_point", "ignore_malformed": True},
}


def field_name(column: str) -> str:
    """A column's name as the name of a field. A dot would make a field inside a field."""
    return canonical(column).strip().replace(".", "_") or "_"


def preset_name(parameters: Mapping[str, Any], compression: str = "1x") -> str | None:
    """The name of these ``m``, ``ef_construction`` and compression: a preset's, else as ``read_preset`` takes it; ``None``
    where the parameters lack one.
    """
    m, ef_construction = parameters.get("m"), parameters.get("ef_construction")
    if m is None or ef_construction is None:
        return None
    named = next((name for name, values in PRESETS.items() if values == (m, ef_construction)), None)
    return named if named and compression == "1x" else f"{m},{ef_construction},{compression}"


def read_preset(text: str) -> tuple[int, int, str]:
    """(m, ef_construction, compression) of a preset's name, or of ``16,128`` or ``16,128,4x``. Raises InvalidOption for
    anything else.
    """
    if text in PRESETS:
        return (*PRESETS[text], "1x")
    match = re.fullmatch(r"(\d{1,5}),(\d{1,5})(?:,(\d{1,2}x))?", text)
    if not match:
        raise InvalidOption(
            f"preset {text!r} is not known; choose {' or '.join(PRESETS)}, or give m,ef_construction[,compression] as clipseek "
            "index advise prints it, like 16,128,4x"
        )
    return int(match[1]), int(match[2]), match[3] or "1x"


def check_columns(columns: Iterable[str]) -> None:
    """Raise InvalidOption for a column that cannot be declared: its name is that of a field which every picture has."""
    taken = IndexOptions().body(1, {})["mappings"]["properties"]
    if clash := next((column for column in columns if field_name(column) in taken), None):
        raise InvalidOption(
            f"column {clash!r} cannot be declared: every picture has a field of that name; rename the column (undeclared, it is "
            f"kept and shown). The names taken are {', '.join(sorted(taken))}"
        )


@dataclass(frozen=True)
class IndexOptions:
    """Everything about a new index but the model.

    ``m`` and ``ef_construction`` shape the HNSW graph; ``analyzer`` is the caption's (``english``, ``german``, ``cjk``,
    ``standard`` ...), ``folding`` whether it finds words without their accents, too (``analysis.py``), ``synonyms`` are rules
    for what is searched for in it (``synonyms.py``); ``fields`` declares columns to filter by; ``time_zone`` is what their dates
    without one mean (UTC); ``compression`` is how much smaller than floats the vectors are in memory, as the engine can
    (lucene: 4x). Raises InvalidOption for what no server would take.
    """

    engine: Engine = "lucene"
    m: int = PRESETS["default"][0]
    ef_construction: int = PRESETS["default"][1]
    analyzer: str = "english"
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    shards: int = 1
    compression: str = "1x"
    synonyms: tuple[str, ...] = ()
    folding: bool = True
    time_zone: str | None = None

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise InvalidOption(f"engine {self.engine!r} is not known; choose one of {', '.join(ENGINES)}")
        for name, value, most in (("m", self.m, 512), ("ef_construction", self.ef_construction, 3200)):
            if not 2 <= value <= most:
                raise InvalidOption(f"{name} {value} cannot be used; give a number from 2 to {most}")
        if self.compression not in COMPRESSIONS[self.engine]:
            raise InvalidOption(
                f"compression {self.compression!r} is none of engine {self.engine}; choose one of "
                f"{', '.join(COMPRESSIONS[self.engine])}"
            )
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", self.analyzer):
            raise InvalidOption(
                f"analyzer {self.analyzer!r} is no name of an analyzer; give one like english or standard"
            )
        if self.synonyms:
            check_analyzer(self.analyzer)
        if self.time_zone is not None:
            read_zone(self.time_zone)
        seen: dict[str, str] = {}
        for column, kind in self.fields.items():
            if kind not in _FIELD_BODIES:
                raise InvalidOption(
                    f"field type {kind!r} of {column!r} is not known; choose keyword, number, date or place"
                )
            if (other := seen.setdefault(field_name(column), column)) != column:
                raise InvalidOption(f"columns {other!r} and {column!r} would be one field; rename one")

    @property
    def preset(self) -> str:
        """Its graph and compression in one word, as ``read_preset`` takes it."""
        name = preset_name({"m": self.m, "ef_construction": self.ef_construction}, self.compression)
        assert name is not None  # both numbers are there
        return name

    def body(self, dimension: int, meta: Mapping[str, Any]) -> dict[str, Any]:
        """The body of ``PUT /<index>`` for vectors of ``dimension`` floats, with ``meta`` under ``_meta``."""
        made = fill(
            "images.json",
            dimension=dimension,
            engine=self.engine,
            m=self.m,
            ef_construction=self.ef_construction,
            analyzer=CAPTION_ANALYZER if self.analyzer in ANALYZERS else self.analyzer,
            exact=EXACT_ANALYZER,
            analysis=analysis(self.analyzer, self.synonyms, folding=self.folding),
            shards=self.shards,
            compression=self.compression,
            metadata={field_name(column): dict(_FIELD_BODIES[kind]) for column, kind in self.fields.items()},
            meta=dict(meta),
        )
        if self.compression in ON_DISK:
            made["mappings"]["properties"]["image_vector"]["mode"] = "on_disk"
        if self.synonyms:
            made["mappings"]["properties"]["caption"]["search_analyzer"] = SEARCH_ANALYZER
        return made
