"""Columns declared in an index that has documents already."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import opensearchpy

from ..errors import InvalidOption, ServerError
from ..server.failures import check_answers
from ..server.pipelines import NO_PIPELINE
from ..values.date_formats import DateReader
from .columns import DeclaredColumns, shown
from .documents import changed_values, timestamp, update_action
from .mapping import FieldType, IndexOptions, check_columns, field_name
from .version import PENDING, Version

_BATCH = 1000


def declare(
    client: opensearchpy.OpenSearch, version: Version, fields: Mapping[str, FieldType], dates: DateReader | None = None
) -> Version:
    """``version`` with further columns declared; documents that have them already become searchable by them before it returns,
    their values read as a new document's (``dates``: in which zone and by which formats).

    Raises InvalidOption for a column that has another type there.
    """
    wanted = {field_name(column): kind for column, kind in fields.items()}
    for name, kind in wanted.items():
        if (present := version.fields.get(name, kind)) != kind:
            raise InvalidOption(
                f"metadata.{name} is a {present} in index {version.alias}, not a {kind}; leave it so, or ingest into "
                "another index"
            )
    new = {name: kind for name, kind in wanted.items() if name not in version.fields}
    if not new and not version.declaring:
        return version
    check_columns(new)
    # First the values: a run that is killed here has declared nothing, and the next begins again.
    _read_again(client, version, DeclaredColumns(new, dates or DateReader()))
    properties = IndexOptions(fields=new).body(1, {})["mappings"]["properties"]["metadata"]["properties"]
    declaring = [*dict.fromkeys((*version.declaring, *new))]
    body = {"properties": {"metadata": {"dynamic": False, "properties": properties}}}
    # In one step with what is to be done for it: a run that is killed behind this is finished by the next.
    client.indices.put_mapping(
        index=version.index, body={**body, "_meta": {**_meta(client, version), PENDING: declaring}}
    )
    _index_again(client, version)
    client.indices.put_mapping(index=version.index, body={"_meta": {**_meta(client, version), PENDING: []}})
    return replace(version, fields={**version.fields, **new}, declaring=())


def _meta(client: opensearchpy.OpenSearch, version: Version) -> dict[str, Any]:
    mapping: dict[str, Any] = client.indices.get_mapping(index=version.index)
    return dict(mapping[version.index]["mappings"].get("_meta") or {})


def _index_again(client: opensearchpy.OpenSearch, version: Version) -> None:
    """Let the server write its documents anew from their own source, as a task, which goes on if this process is killed.

    Raises ServerError where it failed for some.
    """
    client.indices.refresh(index=version.index)
    started: dict[str, Any] = client.update_by_query(
        index=version.index, body=NO_PIPELINE, params={"conflicts": "proceed", "wait_for_completion": "false"}
    )
    while not (task := client.tasks.get(task_id=started["task"])).get("completed"):
        time.sleep(0.1)
    failures = (task.get("response") or {}).get("failures") or []
    if problem := task.get("error") or (failures[0] if failures else None):
        raise ServerError(
            f"the columns of index {version.alias} could not be made searchable in its documents ({str(problem)[:200]}); run the "
            "same command again"
        )
    client.indices.refresh(index=version.index)


def _read_again(client: opensearchpy.OpenSearch, version: Version, columns: DeclaredColumns) -> None:
    """Write the documents' values of ``columns`` as the index is to have them, where they differ."""
    if set(columns.fields.values()) <= {"keyword"}:
        return
    client.indices.refresh(index=version.index)
    order = [{"image_id": "asc"}]
    body: dict[str, Any] = {**NO_PIPELINE, "size": _BATCH, "sort": order, "_source": ["metadata"]}
    while rows := client.search(index=version.index, body=body)["hits"]["hits"]:
        actions, now = b"", timestamp()
        for row in rows:
            there = row["_source"].get("metadata") or {}
            if changed := changed_values(there, columns.typed(shown(there))[0]):
                actions += update_action(version.index, row["_id"], {"metadata": changed}, now)
        if actions:
            answer = client.bulk(body=actions, params={"filter_path": "items.*.status,items.*.error"})
            check_answers(version.index, (item["update"] for item in answer.get("items", ())))
        body["search_after"] = rows[-1]["sort"]
