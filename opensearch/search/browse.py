"""An index without a query: its pictures as they are, filtered, counted and in a field's order; and single ones by their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import opensearchpy
import orjson

from ..index.version import Version
from ..query.limits import DEPTHS, MAX_REACH, VECTOR
from ..query.order import Order
from ..query.page import Page
from ..query.plan import FACET_VALUES, UNSEEN
from ..query.scope import Scope
from ..server.pipelines import NO_PIPELINE
from .ask import ranked_rows
from .facets import read_facets
from .hits import Hit, read_hit
from .page_rows import first_of_each

#: The order without one: what was indexed last comes first.
NEWEST = Order("ingested_at", "date", descending=True)
#: The same copy of every shard for all requests: copies may differ in what was deleted.
_PARAMETERS = {"preference": "browse", "allow_partial_search_results": "false"}


@dataclass(frozen=True)
class Listing:
    """Pictures of an index in an order that is not a score's: every hit has the score 0. ``page`` was asked for; the rest is as in
    ``Answer``."""

    hits: list[Hit]
    index: str
    matched: int
    documents: int
    milliseconds: int
    reachable: int
    facets: Mapping[str, list[tuple[str, int]]]
    page: Page


def browse(client: opensearchpy.OpenSearch, version: Version, scope: Scope, page: Page) -> Listing:
    """The pictures of ``page``, of those that ``scope`` leaves. Grouped by looks, they are the first of each group among the first
    200, 1,000 or 10,000, whichever reach the page. Raises the errors of the tree.
    """
    answer = client.search(index=version.index, body=orjson.dumps(_body(scope, page)), params=_PARAMETERS)
    rows, found = answer["hits"]["hits"], answer["hits"]["total"]["value"]
    reachable = min(found, MAX_REACH)
    if page.group_near:
        whole = first_of_each(ranked_rows(rows), near=True)
        reachable, shown = len(whole), [row["_id"] for row in whole[page.start : page.end]]
        hits = look_up(client, version, shown)
    else:
        hits = [_hit(row) for row in rows]
    counted = answer["aggregations"].pop(" documents")["doc_count"]
    facets = read_facets(answer["aggregations"], scope.zone)
    return Listing(hits, version.index, found, counted, answer["took"], reachable, facets, page)


def look_up(client: opensearchpy.OpenSearch, version: Version, ids: Sequence[str]) -> list[Hit]:
    """The pictures ``ids`` in their order, without those that are not there. One request, none for no ids."""
    if not ids:
        return []
    query = {"ids": {"values": list(ids)}}
    body = {**NO_PIPELINE, "size": len(ids), "query": query, "_source": {"excludes": UNSEEN}}
    answer = client.search(index=version.index, body=orjson.dumps(body), params=_PARAMETERS)
    there = {row["_id"]: _hit(row) for row in answer["hits"]["hits"]}
    return [there[name] for name in ids if name in there]


def nearly_same(client: opensearchpy.OpenSearch, version: Version, name: str, hits: Sequence[Hit]) -> list[Hit]:
    """Those of ``hits`` that are the same file as the picture ``name``, or look nearly the same. One request."""
    body = {"ids": [name, *(hit.id for hit in hits)]}
    wanted = {"_source_includes": "content_hash,look,part.of", "realtime": "false"}
    answer = client.mget(index=version.index, body=body, params=wanted)
    rows = {row["_id"]: _with_part(row) for row in answer["docs"] if row.get("found")}
    if name not in rows:
        return []
    return [hit for hit in hits if hit.id in rows and len(first_of_each((rows[name], rows[hit.id]), near=True)) == 1]


def _with_part(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a document as ``first_of_each`` takes it."""
    source = row["_source"]
    return {**row, "_source": {**source, "part.of": (source.get("part") or {}).get("of")}}


def count_pictures(client: opensearchpy.OpenSearch, version: Version) -> tuple[int, int]:
    """How many pictures the index has, and how many of them have a caption."""
    captions = {"captions": {"filter": {"exists": {"field": "caption"}}}}
    body = {**NO_PIPELINE, "size": 0, "track_total_hits": True, "aggs": captions}
    answer = client.search(index=version.index, body=orjson.dumps(body), params=_PARAMETERS)
    return answer["hits"]["total"]["value"], answer["aggregations"]["captions"]["doc_count"]


def _body(scope: Scope, page: Page) -> dict[str, Any]:
    facets = {name: {"terms": {"field": it, "size": FACET_VALUES}} for name, it in scope.facets.items()}
    body: dict[str, Any] = {
        **NO_PIPELINE,
        "query": {"bool": {"filter": list(scope.filters)}},
        "sort": (scope.order or NEWEST).server_sort,
        "track_total_hits": True,
        # Whatever the filters leave out, the pictures of the index are counted, too; no facet has a name with a blank before it.
        "aggs": {**facets, " documents": {"global": {}}},
    }
    if page.group_near:
        values = ["image_id", "content_hash", "look", "part.of"]
        depth = next(depth for depth in DEPTHS if depth >= page.end)
        return {**body, "size": depth, "_source": False, "stored_fields": "_none_", "docvalue_fields": values}
    if page.group_duplicates:
        body["collapse"] = {"field": "content_hash"}
    return {**body, "from": page.start, "size": page.size, "_source": {"excludes": UNSEEN}}


def _hit(row: Mapping[str, Any]) -> Hit:
    return read_hit({**row, "_score": 0.0}, None, VECTOR)
