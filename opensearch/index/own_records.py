"""Indexes in which clipseek keeps records of its own work: ingest runs, and what was searched for where that is logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import opensearchpy

from ..errors import AccessRefused, IndexUnusable, RequestRefused
from ..server.address import address
from ..server.pipelines import NO_PIPELINE
from ..server.templates import fill

#: Each is made from the file of its last word in ``clipseek.mappings``; no index of pictures may have its name.
INGESTS: Final = "clipseek-ingests"
SEARCHES: Final = "clipseek-searches"
FEEDBACK: Final = "clipseek-feedback"
RECORDS = frozenset((INGESTS, SEARCHES, FEEDBACK))
RecordIndex: TypeAlias = Literal["clipseek-ingests", "clipseek-searches", "clipseek-feedback"]
#: Seconds that a deletion of old records may take.
_DELETION_SECONDS = 600
#: Aliases of old records that are looked at in one deletion.
_ALIASES = 1000


def open_records(client: opensearchpy.OpenSearch, kind: RecordIndex, name: str | None = None) -> None:
    """Make the index where it is missing; one that an older clipseek made gets the fields that it lacks. ``name``: another than
    ``kind``, for tests.

    Raises IndexUnusable where another program made an index of that name, and the errors of the tree.
    """
    name, body = name or kind, fill(f"{kind.removeprefix('clipseek-')}.json")
    mappings = body["mappings"]
    try:
        client.indices.create(index=name, body=body)
        return
    except RequestRefused as problem:
        if problem.kind != "resource_already_exists_exception":
            raise
    answer: dict[str, Any] = client.indices.get_mapping(index=name)
    made: dict[str, Any] = next(iter(answer.values()))["mappings"]
    if (made.get("_meta") or {}).get("made_by") != mappings["_meta"]["made_by"]:
        raise IndexUnusable(
            f"index {name} at {address(client)} was not made by clipseek for its own records; rename or delete it with the "
            "server's own tools"
        )
    if mappings["properties"].keys() - (made.get("properties") or {}).keys():
        client.indices.put_mapping(index=name, body={"_meta": mappings["_meta"], "properties": mappings["properties"]})


def delete_older(client: opensearchpy.OpenSearch, name: str, days: int, of: Sequence[str]) -> int:
    """Delete the records of the index ``name`` that are older than ``days`` days, of the aliases ``of`` and of those that no index
    has any more; returns how many. Another alias may be kept longer by whoever serves it. A missing index has none.

    No search finds them from then on; the server takes them off its disk when it next merges segments.
    """
    older = {"range": {"at": {"lt": f"now-{days}d"}}}
    aliases = sorted({*of, *_gone(client, name, older)})
    conditions = [older, {"terms": {"index": aliases}}]
    params = {
        "conflicts": "proceed",
        "refresh": "true",
        "ignore_unavailable": "true",
        "request_timeout": _DELETION_SECONDS,
    }
    deleted: dict[str, Any] = client.delete_by_query(
        index=name, body={"query": {"bool": {"filter": conditions}}, **NO_PIPELINE}, params=params
    )
    return int(deleted.get("deleted") or 0)


def _gone(client: opensearchpy.OpenSearch, name: str, older: Mapping[str, Any]) -> list[str]:
    """The aliases of such records that no index has any more; one that the user may not look at counts as being there."""
    counted = {"aliases": {"terms": {"field": "index", "size": _ALIASES}}}
    body = {"query": older, "size": 0, "aggs": counted, **NO_PIPELINE}
    answer = client.search(index=name, body=body, params={"ignore_unavailable": "true"})
    buckets = answer.get("aggregations", {}).get("aliases", {}).get("buckets", ())
    return [bucket["key"] for bucket in buckets if not _is_there(client, bucket["key"])]


def _is_there(client: opensearchpy.OpenSearch, alias: str) -> bool:
    try:
        return bool(client.indices.exists_alias(name=alias))
    except AccessRefused:
        return True
