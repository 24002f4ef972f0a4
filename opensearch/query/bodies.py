"""The bodies that are sent for a query. Pure: nothing here talks to a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .clause_weights import CAPTION, VECTOR
from .limits import MARKS, MAX_REACH
from .order import Order, server_sort
from .pipelines import pipeline
from .query import Query

#: Values of a facet that are counted.
FACET_VALUES = 20
#: Fields of a document that no hit shows.
UNSEEN = ["image_vector", "look"]
#: Of up to two words all, of more at least three in four, rounded down.
MOST = "2<75%"


def words_clause(query: Query, name: str | None = None) -> dict[str, Any]:
    """The query's words in the caption. They are a value of a match query: no syntax in them means anything."""
    if len(query.all_texts) == 1:
        return _match(query, query.all_texts[0][0], {} if name is None else {"_name": name})
    every = [_match(query, text, {"boost": weight}) for text, weight in query.all_texts]
    joined: dict[str, Any] = {"must" if query.match in ("all", "phrase") else "should": every}
    return {"bool": joined if name is None else {**joined, "_name": name}}


def _match(query: Query, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = {"query": text}
    if query.match == "all":
        inner["operator"] = "and"
    elif query.match == "most":
        inner["minimum_should_match"] = MOST
    inner.update(more)
    return {"match_phrase" if query.match == "phrase" else "match": {caption_field(query): inner}}


def caption_field(query: Query) -> str:
    """The field of the caption that the words are searched in."""
    return "caption.exact" if query.exact else "caption"


def caption_clause(query: Query, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """BM25 over the caption, without captions that have all words of something not wanted."""
    match = words_clause(query, CAPTION)
    clause: dict[str, Any] = {"must": [match]}
    if filters:
        clause["filter"] = list(filters)
    if query.unwanted:
        clause["must_not"] = [{"match": {"caption": {"query": text, "operator": "and"}}} for text in query.unwanted]
    return {"bool": clause} if len(clause) > 1 else match


def vector_clause(
    query: Query, vector: NDArray[np.float32], filters: Sequence[dict[str, Any]], name: str = VECTOR
) -> dict[str, Any]:
    """The nearest vectors; filters work inside the graph's search, so that they never leave fewer."""
    knn: dict[str, Any] = {"vector": vector.tolist(), "k": query.nearest}
    if query.ef_search is not None:
        knn["method_parameters"] = {"ef_search": query.ef_search}
    if filters:
        knn["filter"] = {"bool": {"filter": list(filters)}}
    return {"knn": {"image_vector": {**knn, "_name": name}}}


def clauses(
    query: Query,
    vectors: NDArray[np.float32] | Mapping[str, NDArray[np.float32]] | None,
    filters: Sequence[dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """The query's clauses by name, in the order of the pipeline's weights. ``vectors``: each vector clause's, or the only one."""
    found: dict[str, dict[str, Any]] = {}
    if query.resolved_kind in ("caption", "hybrid"):
        found[CAPTION] = caption_clause(query, filters)
    if query.resolved_kind in ("vector", "hybrid"):
        if vectors is None:
            raise ValueError("a vector clause without a vector")
        by_name = vectors if isinstance(vectors, Mapping) else {VECTOR: vectors}
        for name, vector in by_name.items():
            found[name] = vector_clause(query, vector, filters, name)
    return found


def grouped_here(query: Query) -> bool:
    """Whether ``looks.first_of_each`` groups the candidates: a server groups by equal values only, and OpenSearch 2.19 takes a
    collapse in a hybrid, and does nothing.
    """
    return query.group_near or (query.group_duplicates and query.fused)


def taken_whole(query: Query) -> bool:
    """Whether all candidates come, to be grouped or sorted here."""
    return grouped_here(query) or (query.sort is not None and query.fused)


def search_body(
    query: Query,
    found: dict[str, dict[str, Any]],
    facets: Mapping[str, str] | None = None,
    order: Order | None = None,
) -> dict[str, Any]:
    """The search itself; ``facets`` are the fields to count values of, by name, ``order`` is ``query.sort`` as the index has it.

    A hybrid never goes without its pipeline: OpenSearch would answer nonsense and not say so.

    To be sent with ``queries.SEARCH_PARAMETERS``.
    """
    body: dict[str, Any] = {"size": query.size, "_source": {"excludes": UNSEEN}, "track_total_hits": True}
    if taken_whole(query):
        body["size"] = min(len(found) * query.depth, MAX_REACH)
    elif query.start:
        body["from"] = query.start
    if order is not None and not taken_whole(query):
        body["sort"] = server_sort(order)
        body["track_scores"] = True
    if query.group_duplicates and not grouped_here(query):
        body["collapse"] = {"field": "content_hash"}
    if facets:
        body["aggs"] = {name: {"terms": {"field": field, "size": FACET_VALUES}} for name, field in facets.items()}
    if query.fused:
        body["query"] = {"hybrid": {"pagination_depth": query.depth, "queries": list(found.values())}}
        body["search_pipeline"] = query.pipeline or pipeline(
            query.fusion, query.weights, clauses=len(found), mean=query.mean
        )
    else:
        (body["query"],) = found.values()
    if CAPTION in found:
        body["highlight"] = {
            "pre_tags": [MARKS[0]],
            "post_tags": [MARKS[1]],
            "fields": {caption_field(query): {"number_of_fragments": 0, "highlight_query": words_clause(query)}},
        }
    return body


def candidates_body(query: Query, clause: dict[str, Any]) -> dict[str, Any]:
    """One clause alone, ids and scores only: in one shard, exactly the candidates that the hybrid normalises."""
    return {
        "size": query.depth,
        "query": clause,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["image_id"],
        "track_total_hits": False,
    }
