"""The lowest and the highest value of number and date fields, written as a filter takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import opensearchpy
import orjson

from ..index.version import Version
from ..query.fields import indexed_field
from ..server.pipelines import NO_PIPELINE
from ..values.zones import read_zone
from .facets import read_facets


def field_ends(
    client: opensearchpy.OpenSearch, version: Version, names: Sequence[str]
) -> Mapping[str, tuple[str, str]]:
    """Of each number or date field in ``names`` that any picture has, its first and last value. One request, none for no names.

    Raises InvalidOption for a field that is not indexed.
    """
    if not names:
        return {}
    paths = {name: indexed_field(name, version.fields, "ends").path for name in names}
    wanted = {name: {"stats": {"field": path}} for name, path in paths.items()}
    body = {**NO_PIPELINE, "size": 0, "aggs": wanted}
    answer = client.search(index=version.index, body=orjson.dumps(body))["aggregations"]
    there = {name: _buckets(stats) for name, stats in answer.items() if stats["count"]}
    written = read_facets(there, read_zone(version.time_zone))
    return {name: (values[0][0], values[1][0]) for name, values in written.items()}


def _buckets(stats: Mapping[str, object]) -> dict[str, list[dict[str, object]]]:
    """Both ends as the server answers counted values: of a date, whole milliseconds and a text."""
    ends: list[dict[str, object]] = []
    for end in ("min", "max"):
        value, text = float(str(stats[end])), stats.get(f"{end}_as_string")
        ends.append({"key": value, "doc_count": 0})
        if text is not None:
            ends[-1].update(key=int(value), key_as_string=text)
    return {"buckets": ends}
