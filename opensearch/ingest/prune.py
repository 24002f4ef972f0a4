"""Documents whose source has them no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opensearchpy
from clipseek.sources import Record, Skipped

from ..bulk.actions import Action
from ..bulk.writer import BulkWriter
from ..entries.decide import without_entries
from ..entries.draft import draft_of
from ..entries.known import Document, Known
from ..entries.seen import Seen
from ..index.columns import DeclaredColumns
from ..index.documents import delete_action, timestamp, update_action
from ..index.places import places_of
from ..index.version import Version
from ..server.pipelines import NO_PIPELINE
from ..values.date_formats import DateReader
from ..values.zones import read_zone
from .options import IngestOptions

_PAGE = 2000


@dataclass(frozen=True)
class Removal:
    """A document to be deleted, or, where other entries have its bytes too, to be left with the ``fields`` of these."""

    id: str
    uri: str
    fields: dict[str, Any] | None
    document: Document


def would_remove(
    client: opensearchpy.OpenSearch, version: Version, entries: Iterable[Record | Skipped], options: IngestOptions
) -> list[Removal]:
    """What a run over all ``entries`` with ``options.prune`` would remove; no file is read, and nothing written."""
    dates = DateReader(read_zone(version.time_zone), options.date_formats)
    columns = DeclaredColumns(version.fields, dates)
    with closing(Seen()) as seen:
        for entry in entries:
            draft_of(entry, columns, options.source, seen)
        known = Known(client, version.index, options.retry)
        return list(removals(client, version.index, options.source, seen, known, options.protected))


def removals(
    client: opensearchpy.OpenSearch,
    index: str,
    source: str,
    seen: Seen,
    known: Known,
    protected: Callable[[str], bool] = lambda uri: False,
) -> Iterator[Removal]:
    """Every document of ``source`` with an entry that was not ``seen``, but those of files that are ``protected``."""
    body: dict[str, Any] = {
        **NO_PIPELINE,
        "size": _PAGE,
        "query": {"bool": {"filter": {"term": {"source_names": source}}}},
        "sort": [{"image_id": "asc"}],
        "_source": False,
        "track_total_hits": False,
        "docvalue_fields": ["source_entries"],
    }
    while rows := client.search(index=index, body=body)["hits"]["hits"]:
        unseen: dict[str, set[str]] = {}
        for row in rows:
            keys = [value for value in row.get("fields", {}).get("source_entries", ()) if value.startswith("k")]
            if missing := {key for key in keys if not seen.has_key(key)}:
                unseen[str(row["_id"])] = missing
        for name, document in known.documents(list(unseen)).items():
            if (removal := _removal(name, document, source, unseen[name], protected)) is not None:
                yield removal
        body["search_after"] = rows[-1]["sort"]


def _removal(
    name: str, document: Document, source: str, missing: set[str], protected: Callable[[str], bool]
) -> Removal | None:
    uri = str(document.fields.get("image_uri") or "")
    if not document.fields.get("source_places"):
        return None if protected(uri) else Removal(name, uri, None, document)
    gone = [
        place
        for place in places_of(document.fields)
        if place.source == source and place.key in missing and not protected(place.uri)
    ]
    if not gone:
        return None
    fields = without_entries(document.fields, {place.key for place in gone}, ())
    return Removal(name, gone[0].uri, fields, document)


def remove(writer: BulkWriter, index: str, found: list[Removal]) -> int:
    """Carry out ``found``; how many the server has done. What was written meanwhile stays: it is in a source."""
    writer.settle()
    for removal in found:
        state = removal.document.state
        if removal.fields is None:
            action = Action("delete", removal.id, Path(removal.uri), delete_action(index, removal.id, state))
        else:
            body = update_action(index, removal.id, removal.fields, timestamp(), state)
            action = Action("update", removal.id, Path(removal.uri), body)
        writer.add(action)
    writer.settle()
    done = sum(answer.state == "taken" for answer in writer.answers)
    writer.answers.clear()
    return done
