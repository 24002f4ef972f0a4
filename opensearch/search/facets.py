"""The counted values of facets; a number and a date as a filter takes it that finds as many. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta, timezone, tzinfo
from typing import Any

from ..values.dates import in_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def read_facets(aggregations: Mapping[str, Any], zone: tzinfo) -> dict[str, list[tuple[str, int]]]:
    """Of each facet, its values and how many pictures have them, as in the server's ``aggregations``; dates in ``zone``."""
    return {
        name: [
            (value, int(bucket["doc_count"]))
            for value, bucket in zip(_written(facet["buckets"], zone), facet["buckets"], strict=True)
        ]
        for name, facet in aggregations.items()
    }


def _written(buckets: Sequence[Mapping[str, Any]], zone: tzinfo) -> list[str]:
    keys = [bucket["key"] for bucket in buckets]
    if not any("key_as_string" in bucket for bucket in buckets):
        return [_number(key) if isinstance(key, float) else str(key) for key in keys]
    local = [_local(key, zone) for key in keys]
    if all(one is not None and one.time() == time() for one in local):
        return [one.date().isoformat() for one in local if one is not None]
    return [
        in_utc(key)
        if one is None or not one.utcoffset()
        else one.isoformat(timespec="milliseconds" if key % 1000 else "seconds")
        for key, one in zip(keys, local, strict=True)
    ]


def _number(key: float) -> str:
    return str(int(key)) if key.is_integer() and abs(key) < 2**53 else repr(key)


def _local(milliseconds: int, zone: tzinfo) -> datetime | None:
    """The instant in ``zone``; ``None`` where it cannot be written there: at the ends of what datetime holds, and by
    offsets with seconds.
    """
    try:
        local = (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(zone)
    except OverflowError:
        return None
    return local if (local.utcoffset() or timedelta()).seconds % 60 == 0 else None
