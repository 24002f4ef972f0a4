"""Indexes in which clipseek keeps records of its own work: ingest runs, and what was searched for where that is logged."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import opensearchpy

from ..errors import RequestRefused
from ..server.templates import fill

#: Each is made from the file of its last word in ``clipseek.mappings``; no index of pictures may have its name.
INGESTS: Final = "clipseek-ingests"
SEARCHES: Final = "clipseek-searches"
FEEDBACK: Final = "clipseek-feedback"
RECORDS = frozenset((INGESTS, SEARCHES, FEEDBACK))
RecordIndex: TypeAlias = Literal["clipseek-ingests", "clipseek-searches", "clipseek-feedback"]


def open_records(client: opensearchpy.OpenSearch, name: RecordIndex) -> None:
    """Make the index where it is missing; one that an older clipseek made gets the fields that it lacks. Raises the errors of the
    tree.
    """
    body = fill(f"{name.removeprefix('clipseek-')}.json")
    try:
        client.indices.create(index=name, body=body)
    except RequestRefused as problem:
        if problem.kind != "resource_already_exists_exception":
            raise
        mappings = body["mappings"]
        known = {"_meta": mappings["_meta"], "properties": mappings["properties"]}
        client.indices.put_mapping(index=name, body=known)
