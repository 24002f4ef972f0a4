"""What is in the index of a source's entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import opensearchpy

from ..index.documents import COMPARED
from ..index.picture_text import READ_BY
from ..server.address import address
from ..server.failures import check_answers
from ..server.pipelines import NO_PIPELINE
from ..server.retry import Retry, persist

_BRIEF: dict[str, Any] = {**NO_PIPELINE, "_source": False, "track_total_hits": False}
#: Documents of one answer.
_MOST = 10_000


@dataclass(frozen=True)
class There:
    """An entry whose documents are in the index: their id, or that of the whole, and how many they are."""

    id: str
    documents: int = 1


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

    def unchanged(self, tokens: Sequence[str], *, parted: bool = False) -> dict[str, There]:
        """Those of ``tokens`` whose documents are all there. ``parted``: an entry may be several documents."""
        if not tokens:
            return {}
        wanted = set(tokens)
        filters: list[dict[str, Any]] = [{"terms": {"source_entries": list(wanted)}}, *self._read_filter]
        query: dict[str, Any] = {"filter": filters}
        if parted:
            query["must_not"] = {"exists": {"field": "part.of"}}
        body = {**_BRIEF, "sort": ["_doc"], "size": len(wanted), "query": {"bool": query}}
        body |= {"stored_fields": "_none_", "docvalue_fields": ["source_entries", "image_id"]}
        rows = [hit["fields"] for hit in self._client.search(index=self._index, body=body)["hits"]["hits"]]
        found = {
            value: There(str(fields["image_id"][0]))
            for fields in rows
            for value in fields.get("source_entries", ())
            if value in wanted
        }
        left = wanted - found.keys()
        return {**found, **self._whole(left)} if parted and left else found

    def _whole(self, tokens: set[str]) -> dict[str, There]:
        """Those of ``tokens`` that as many documents have as say that they are the parts of one entry."""
        filters = [{"terms": {"source_entries": [*tokens]}}, {"exists": {"field": "part.of"}}, *self._read_filter]
        query = {"bool": {"filter": filters}}
        each = {"of": {"terms": {"field": "part.of", "size": 1}}, "parts": {"max": {"field": "part.count"}}}
        by = {"field": "source_entries", "include": sorted(tokens), "size": len(tokens)}
        body = {**_BRIEF, "size": 0, "query": query, "aggs": {"tokens": {"terms": by, "aggs": each}}}
        answer = self._client.search(index=self._index, body=body)["aggregations"]["tokens"]["buckets"]
        return {
            bucket["key"]: There(str(bucket["of"]["buckets"][0]["key"]), int(bucket["doc_count"]))
            for bucket in answer
            if bucket["doc_count"] == bucket["parts"]["value"]
        }

    @property
    def _read_filter(self) -> list[dict[str, Any]]:
        return [{"terms": {READ_BY: list(self._read_by)}}] if self._read_by else []

    @cached_property
    def has_parts(self) -> bool:
        """Whether entries of this index are several documents."""
        body = {**_BRIEF, "size": 1, "query": {"exists": {"field": "part.of"}}}
        return bool(self._client.search(index=self._index, body=body)["hits"]["hits"])

    def documents(self, ids: Sequence[str], fields: Sequence[str] = COMPARED) -> dict[str, Document]:
        """The documents of ``ids`` that are there, as they are now, with these ``fields``."""

        def once() -> Any:
            answer: Any = self._client.mget(
                index=self._index, body={"ids": list(ids)}, params={"_source_includes": ",".join(fields)}
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
        body: dict[str, Any] = {**_BRIEF, "size": _MOST, "query": {"bool": {"filter": {"bool": {"should": should}}}}}
        body |= {"docvalue_fields": ["image_id", "image_uri", "source_entries"], "sort": [{"image_id": "asc"}]}
        found: dict[str, list[str]] = {}
        for hit in self._all(body):
            values = hit.get("fields") or {}
            entries = values.get("source_entries") or ()
            # Of a document that keeps its entries, they count; another's file is all that it says.
            own = entries or [of_uri[uri] for uri in values.get("image_uri", ()) if uri in of_uri]
            for key in own:
                if key in keys:
                    found.setdefault(key, []).append(str(hit["_id"]))
        return found

    def _all(self, body: dict[str, Any]) -> Iterator[Any]:
        """The hits of ``body``, which are sorted, page after page."""
        while rows := self._client.search(index=self._index, body=body)["hits"]["hits"]:
            yield from rows
            if len(rows) < body["size"]:
                return
            body = {**body, "search_after": rows[-1]["sort"]}


def state_of(entry: Mapping[str, Any]) -> dict[str, int]:
    """What makes a write one to this state of the document alone."""
    if "_seq_no" not in entry:
        return {}
    return {"if_seq_no": int(entry["_seq_no"]), "if_primary_term": int(entry["_primary_term"])}
