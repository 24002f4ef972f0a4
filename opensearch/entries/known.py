"""What is in the index of a source's entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import opensearchpy

from ..index.documents import COMPARED
from ..index.picture_text import READ_BY
from ..server.address import address
from ..server.failures import check_answers
from ..server.pipelines import NO_PIPELINE
from ..server.retry import Retry, persist

_BRIEF: dict[str, Any] = {**NO_PIPELINE, "_source": False, "track_total_hits": False, "sort": ["_doc"]}
#: Documents of one file's place: one, but for what an interrupted run left.
_SPARE = 50


@dataclass(frozen=True)
class Document:
    """A document in the index: the fields that a source decides, and the state that it was read in, for ``update_action``."""

    fields: Mapping[str, Any]
    state: Mapping[str, int]


class Known:
    """Looks documents up; ``client`` is a patient one. ``read_by``: where given, a document is unchanged only if its text was read
    by one of these (``TextReader.marks``).
    """

    def __init__(self, client: opensearchpy.OpenSearch, index: str, retry: Retry, read_by: Sequence[str] = ()) -> None:
        self._client, self._index, self._retry, self._read_by = client, index, retry, read_by

    def unchanged(self, tokens: Sequence[str]) -> dict[str, str]:
        """Those of ``tokens`` that a document has, with its id."""
        if not tokens:
            return {}
        wanted = set(tokens)
        filters: list[dict[str, Any]] = [{"terms": {"source_entries": list(wanted)}}]
        if self._read_by:
            filters.append({"terms": {READ_BY: list(self._read_by)}})
        body = {**_BRIEF, "size": len(wanted), "query": {"bool": {"filter": filters}}}
        body |= {"stored_fields": "_none_", "docvalue_fields": ["source_entries", "image_id"]}
        found = [hit["fields"] for hit in self._client.search(index=self._index, body=body)["hits"]["hits"]]
        return {
            value: fields["image_id"][0]
            for fields in found
            for value in fields.get("source_entries", ())
            if value in wanted
        }

    def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        """The documents of ``ids`` that are there, as they are now."""

        def once() -> Any:
            answer: Any = self._client.mget(
                index=self._index, body={"ids": list(ids)}, params={"_source_includes": ",".join(COMPARED)}
            )
            check_answers(address(self._client), answer["docs"])  # a shard may be away for a moment
            return answer["docs"]

        if not ids:
            return {}
        return {
            entry["_id"]: Document(entry.get("_source") or {}, state_of(entry))
            for entry in persist(once, self._retry)
            if entry.get("found")
        }

    def elsewhere(self, keys: Mapping[str, str]) -> dict[str, list[str]]:
        """Of ``keys`` with their files' ``image_uri``: the ids of documents that speak of the same entry, by its key."""
        if not keys:
            return {}
        of_uri = {uri: key for key, uri in keys.items()}
        should = [{"terms": {"source_entries": list(keys)}}, {"terms": {"image_uri": list(of_uri)}}]
        body = {
            **_BRIEF,
            "size": min(10_000, len(keys) * 2 + _SPARE),
            "query": {"bool": {"filter": {"bool": {"should": should}}}},
        }
        body |= {"docvalue_fields": ["image_id", "image_uri", "source_entries"]}
        found: dict[str, list[str]] = {}
        for hit in self._client.search(index=self._index, body=body)["hits"]["hits"]:
            values = hit.get("fields") or {}
            entries = values.get("source_entries") or ()
            # Of a document that keeps its entries, they count; another's file is all that it says.
            own = entries or [of_uri[uri] for uri in values.get("image_uri", ()) if uri in of_uri]
            for key in own:
                if key in keys:
                    found.setdefault(key, []).append(str(hit["_id"]))
        return found


def state_of(entry: Mapping[str, Any]) -> dict[str, int]:
    """What makes a write one to this state of the document alone."""
    if "_seq_no" not in entry:
        return {}
    return {"if_seq_no": int(entry["_seq_no"]), "if_primary_term": int(entry["_primary_term"])}
