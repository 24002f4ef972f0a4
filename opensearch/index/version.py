"""What an index version is: its name, the model that filled it, and what else its mapping records. Pure.

A version is named ``<alias>-000001``, or the next number where an index of that name was left. Its ``_meta`` records which model
filled it, so that vectors of two models are never compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import IndexUnusable, InvalidOption, ModelMismatch
from ..values.zones import UTC
from .mapping import MAPPING_VERSION, FieldType, preset_name
from .own_records import RECORDS
from .words.analysis import ANALYSIS_VERSION

_FORBIDDEN = frozenset('\\/*?"<>| ,#:')
# What a version's name adds to the alias: a dash, and six digits; older clipseeks added 24 characters.
_LONGEST_ALIAS = 255 - 24
#: How a version's name ends (``version_name``); of older clipseeks with fingerprint and time.
VERSION_END = re.compile(r"-(?:\d{6}|[0-9a-f]{8}-\d{14})$")
_FIELD_TYPES: dict[str, FieldType] = {"keyword": "keyword", "double": "number", "date": "date", "geo_point": "place"}

#: Of ``_meta``: columns that are declared and not yet searchable in every document.
PENDING = "declaring"
#: Fields that indexes made by older versions lack: a picture's appearance, which part of a file it is, and where its document
#: comes from.
ADDED = ("look", "pixel_rules", "part", "source_names", "source_entries", "source_places")


@dataclass(frozen=True)
class Version:
    """One index version, as the server describes it.

    ``bundle`` is where the model's bundle lay when the index was made: a hint, checked by ``fingerprint``. ``fields``
    are the declared columns that can be filtered by; ``search`` is how a hybrid fuses here by default: what
    ``clipseek tune`` chose. ``calibration`` is the cut-off of ``clipseek calibrate``, and what it was learnt from. Of the fields
    that came later (``ADDED``), an index of an older clipseek is ``lacking`` some; they can be added. ``pixel_rules``: each rule's
    version when the index was made. ``synonyms``: the digest of its rules. ``analysis`` is the version of its analyzers
    (``ANALYSIS_VERSION``), ``folding`` whether they fold accents.
    ``time_zone``: of dates without one, in documents and in filters. ``declaring``: columns whose declaration was interrupted, by
    which not every document is found yet; the next ingest finishes it. ``has_text``: whether words in its pictures were read
    (``picture_text.py``).
    """

    index: str
    alias: str
    fingerprint: str
    dimension: int
    mapping_version: int
    bundle: str | None = None
    analyzer: str = "english"
    engine: str = "lucene"
    preset: str | None = "default"
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    pixel_rules: Mapping[str, int] = field(default_factory=dict)
    synonyms: str = ""
    analysis: int = 1
    folding: bool = False
    time_zone: str = UTC
    declaring: tuple[str, ...] = ()
    has_text: bool = False

    @property
    def has_appearance(self) -> bool:
        """False for an index made before pictures had an appearance."""
        return "look" not in self.lacking

    @property
    def has_pixel_rules(self) -> bool:
        """False for an index made before documents kept the rules by which files became pixels."""
        return "pixel_rules" not in self.lacking

    @property
    def analysis_lacks(self) -> str:
        """What searches of the captions lack here beside those of an index made today, in words; empty for nothing. It cannot
        be added: an index keeps its analyzers.
        """
        if self.analysis >= ANALYSIS_VERSION:
            return ""
        return "words with accents are not found without them, nor emoji with and without a variation selector by each other"

    def check_model(self, fingerprint: str, dimension: int) -> None:
        """Raise ModelMismatch unless this model's vectors can be compared with those in the index, IndexUnusable where the
        index is newer than this clipseek.
        """
        if self.fingerprint != fingerprint:
            made_by = f"; it was made by the bundle at {self.bundle}" if self.bundle else ""
            raise ModelMismatch(
                f"index {self.alias} was filled by model {self.fingerprint[:8]}, this one is "
                f"{fingerprint[:8]}{made_by}. Use that bundle with --model, or ingest with this one into another index: "
                "--index NAME"
            )
        if self.dimension != dimension:
            raise ModelMismatch(
                f"index {self.alias} holds vectors of {self.dimension} numbers, this model makes {dimension}; "
                "ingest into another index: --index NAME"
            )
        if self.mapping_version > MAPPING_VERSION:
            raise IndexUnusable(
                f"index {self.alias} has mapping version {self.mapping_version}, this clipseek knows up to "
                f"{MAPPING_VERSION}; upgrade clipseek"
            )

    @classmethod
    def read(cls, name: str, alias: str, body: Mapping[str, Any]) -> Version:
        """The version ``name`` from the server's ``body`` of it, with its mapping. Raises IndexUnusable where it names no model."""
        mapping: Mapping[str, Any] = body.get("mappings") or {}
        meta: Mapping[str, Any] = mapping.get("_meta") or {}
        fingerprint, dimension = meta.get("fingerprint"), meta.get("dimension")
        if not isinstance(fingerprint, str) or not isinstance(dimension, int):
            raise IndexUnusable(
                f"{alias} was not made by clipseek ({name} names no model); name another index with --index"
            )
        properties: Mapping[str, Any] = mapping.get("properties") or {}
        declared: Mapping[str, Any] = properties.get("metadata", {}).get("properties") or {}
        return cls(
            index=name,
            alias=alias,
            fingerprint=fingerprint,
            dimension=dimension,
            mapping_version=int(meta.get("mapping_version", 1)),
            bundle=meta.get("bundle") or None,
            analyzer=str(meta.get("analyzer", "")),
            engine=str(meta.get("engine", "")),
            synonyms=str(meta.get("synonyms", "")),
            analysis=int(meta.get("analysis", 1)),
            folding=bool(meta.get("folding", False)),
            time_zone=str(meta.get("time_zone") or UTC),
            preset=preset_name(
                properties.get("image_vector", {}).get("method", {}).get("parameters") or {},
                str(properties.get("image_vector", {}).get("compression_level") or "1x"),
            ),
            search=dict(meta.get("search") or {}),
            calibration=dict(meta.get("calibration") or {}),
            declaring=tuple(meta.get(PENDING) or ()),
            lacking=tuple(name for name in ADDED if name not in properties),
            pixel_rules=dict(meta.get("pixel_rules") or {}),
            has_text="text" in properties,
            fields={
                column: _FIELD_TYPES[mapped["type"]]
                for column, mapped in declared.items()
                if mapped.get("type") in _FIELD_TYPES
            },
        )


def check_alias(alias: str) -> str:
    """``alias`` itself, if OpenSearch takes it as a name; InvalidOption otherwise."""
    if (
        not alias
        or alias != alias.lower()
        or alias[0] in "-_+."
        or any(character in _FORBIDDEN or not character.isprintable() for character in alias)
        or len(alias.encode("utf-8", "replace")) > _LONGEST_ALIAS
    ):
        shown = alias if len(alias) <= 60 else f"{alias[:57]}..."
        raise InvalidOption(
            f"{shown!r} cannot name an index; use small letters, digits, '-' and '_', starting with a letter or a digit"
        )
    if alias in RECORDS:
        raise InvalidOption(f"{alias!r} is the name of clipseek's own records; choose another for an index of pictures")
    return alias


def version_name(alias: str, number: int) -> str:
    """The name of the ``number``-th version, from 1. It holds neither a time, which differs between machines, nor the model, so
    that of several that make the first one at once the server lets one through.
    """
    return f"{alias}-{number:06d}"
