"""Google Takeout: beside each picture of an export a ``.json`` with its description, its time and its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import PurePath
from typing import Any

from .found import Embedded, distinct

_ENDING = "supplemental-metadata"
#: A copy's number stands at the very end of the name, not before the picture's suffix.
_NUMBER = re.compile(r"(.*)(\(\d+\))", re.DOTALL)
#: Names, without their suffix, are cut to this.
LONGEST = 46


def is_takeout(fields: Mapping[str, Any]) -> bool:
    """True for the JSON of a photo export."""
    return isinstance(fields.get("photoTakenTime"), dict) and isinstance(fields.get("title"), str)


def pictures_of(stem: str) -> list[str]:
    """Whose JSON a name without ``.json`` may be: ``a.jpg``, ``a.jpg.supplemental-metadata``, that cut off, ``a.jpg(1)`` of
    ``a(1).jpg``; and a copy as Google edited it, ``a-edited.jpg``."""
    number, base = "", stem
    if match := _NUMBER.fullmatch(stem):
        base, number = match[1], match[2]
    head, dot, ending = base.rpartition(".")
    if dot and ending and _ENDING.startswith(ending.lower()) and PurePath(head).suffix:
        base = head
    path = PurePath(base)
    return [f"{path.stem}{middle}{number}{path.suffix}" for middle in ("", "-edited")] if path.suffix else []


def read_takeout(fields: Mapping[str, Any]) -> Embedded:
    """What the export says. The name of the file, people and the numbers of views are left out."""
    if not is_takeout(fields):
        return Embedded()
    description = fields.get("description")
    return Embedded(
        texts=distinct([description] if isinstance(description, str) else []),
        taken=_time(fields["photoTakenTime"].get("timestamp")),
        place=next(filter(None, (_place(fields.get(key)) for key in ("geoData", "geoDataExif"))), None),
    )


def _time(value: object) -> str | None:
    try:
        return datetime.fromtimestamp(int(str(value)), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _place(value: object) -> tuple[float, float] | None:
    if not isinstance(value, dict):
        return None
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if not isinstance(latitude, (int, float)) or not isinstance(longitude, (int, float)) or not (latitude or longitude):
        return None
    return (float(latitude), float(longitude)) if abs(latitude) <= 90 and abs(longitude) <= 180 else None
