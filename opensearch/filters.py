"""Filters of a search: ``field=value``, ``field!=value``, ``field>=number``, as clauses of a bool query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import InvalidOption

_FORM = re.compile(r"^\s*([\w.\-]+)\s*(!=|>=|<=|>|<|=)\s*(.*?)\s*$", re.DOTALL)
_OWN = {"image_id", "image_uri", "content_hash", "width", "height", "ingested_at"}
_RANGES = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}


def parse_filters(texts: Sequence[str], declared: Mapping[str, str]) -> list[dict[str, Any]]:
    """One clause for each text. ``declared`` are the index's metadata fields; others of ours are ``width`` and so on.

    The value is only ever a value. Raises InvalidOption for another form or a field that the index cannot filter by.
    """
    return [_clause(text, declared) for text in texts]


def _clause(text: str, declared: Mapping[str, str]) -> dict[str, Any]:
    match = _FORM.match(text)
    if not match:
        raise InvalidOption(
            f"filter {text[:80]!r} is not understood; write it like set=lucide, set!=lucide or width>=640"
        )
    name, sign, value = match[1], match[2], match[3]
    bare = name.removeprefix("metadata.")
    if bare in declared:
        field = f"metadata.{bare}"
    elif name in _OWN:
        field = name
    else:
        known = ", ".join(sorted([*declared, *_OWN]))
        raise InvalidOption(f"filter field {name!r} is not indexed here; use one of {known}")
    if sign in _RANGES:
        return {"range": {field: {_RANGES[sign]: value}}}
    term = {"term": {field: {"value": value}}}
    return {"bool": {"must_not": [term]}} if sign == "!=" else term
