"""What is sent for a search. Pure: nothing here talks to a server."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..server.pipelines import NO_PIPELINE
from .clauses import clause_weights, highlight, make_clauses, over, unnamed
from .fusion import Fusion, pipeline
from .limits import DEPTH, DEPTHS, MAX_REACH, VECTOR
from .order import Order
from .page import Page
from .query import Query
from .scope import Scope
from .vectors import Vector

#: Values of a facet that are counted.
FACET_VALUES = 20
#: Fields of a document that no hit shows.
UNSEEN = ["image_vector", "look", "source_places", "source_entries"]


@dataclass(frozen=True)
class Plan:
    """Everything that a search sends, and what is needed to read the answers.

    clauses: the clause of each name, in the order of ``weights``, which has the weight of each.
    vector: the (D,) unit vector, where there is one vector clause.
    depth: candidates of each clause; nearest: of how many the vector clauses ask the graph.
    grouped_here, taken_whole: whether all candidates come, to be grouped or sorted here (``page_rows``).
    ranked: the body's part that says which documents come, in what order.
    shown: the part that says what comes of each.
    copies: a preference. Copies of a shard differ in the order of hits that score the same, so that every request of a search, and
        of its other pages, must see the same ones.
    notes: remarks for the person who searches.
    """

    query: Query
    fusion: Fusion
    page: Page
    clauses: Mapping[str, dict[str, Any]]
    weights: Mapping[str, float]
    vector: Vector | None
    order: Order | None
    depth: int
    nearest: int
    grouped_here: bool
    taken_whole: bool
    ranked: Mapping[str, Any]
    shown: Mapping[str, Any]
    copies: str
    notes: tuple[str, ...] = ()

    @property
    def in_two_steps(self) -> bool:
        """Whether the ranking comes first, without documents, and then the page's documents.

        Of an index with one shard, OpenSearch (2.19 at least) loads the document of every candidate of a hybrid, up to 400 with
        their vectors, to answer ten hits: that is most of the time (benchmarks/search_request.py).
        """
        return len(self.clauses) > 1 or self.page.group_near

    @property
    def search_body(self) -> dict[str, Any]:
        """The search in one step. To be sent, as ``ranking_body``, with ``limits.SEARCH_PARAMETERS``."""
        return {**self.ranked, **self.shown}

    @property
    def ranking_body(self) -> dict[str, Any]:
        """The search with ids and scores as its only answer, and with what grouping and sorting need."""
        values: list[Any] = ["image_id"]
        values += ["content_hash"] if self.grouped_here else []
        values += ["look", "part.of"] if self.page.group_near else []
        if self.order is not None and self.taken_whole:
            values.append(self.order.docvalue)
        return {**self.ranked, "_source": False, "stored_fields": "_none_", "docvalue_fields": values}

    @property
    def complete(self) -> bool:
        """Whether every clause scores every candidate (``Fusion.complete``)."""
        return self.fusion.complete and len(self.clauses) > 1

    @property
    def matched_body(self) -> dict[str, Any]:
        """How many pictures any clause matches, and the facets of these, which a ranking of candidates cannot tell."""
        facets = {"aggs": self.ranked["aggs"]} if "aggs" in self.ranked else {}
        return {
            **NO_PIPELINE,
            "size": 0,
            "track_total_hits": True,
            "query": {"bool": {"should": list(self.clauses.values())}},
            **facets,
        }

    def complete_body(self, ids: Sequence[str]) -> dict[str, Any]:
        """``ranking_body`` over the candidates ``ids``, all of which come, each with the raw score of every clause."""
        documents = {"ids": {"values": list(ids)}}
        clauses = [over(clause, documents) for clause in self.clauses.values()]
        kept = {name: part for name, part in self.ranking_body.items() if name != "aggs"}
        query = {"hybrid": {"pagination_depth": len(ids), "queries": clauses}}
        return {**kept, "size": len(ids), "track_total_hits": False, "query": query}

    def page_body(self, ids: Sequence[str]) -> dict[str, Any]:
        """The documents ``ids`` as the search in one step would show them."""
        query = {"ids": {"values": list(ids)}}
        return {**NO_PIPELINE, "size": len(ids), "query": query, "track_total_hits": False, **self.shown}


def make_plan(query: Query, fusion: Fusion, page: Page, scope: Scope, vectors: Mapping[str, Vector]) -> Plan:
    """What is sent for ``query``. ``vectors``: the (D,) unit vector of each vector clause by its name (``vectors.query_vectors``).

    Raises InvalidOption for weights that make no pipeline.
    """
    complete = fusion.complete and query.fused
    # All pages of a complete search are of one union, which has up to so many candidates of each clause; the last begins in it.
    clauses_counted = len(query.clause_names) if complete else 1
    needed = max(page.size, page.start + 1) if complete else page.end
    depth = fusion.depth or next(depth for depth in DEPTHS if depth * clauses_counted >= needed)
    depth = min(depth, MAX_REACH // clauses_counted)  # the server takes no more candidates in all
    # A server groups by equal values only, and OpenSearch 2.19 takes a collapse in a hybrid, and does nothing.
    grouped_here = page.group_near or (page.group_duplicates and query.fused)
    taken_whole = complete or grouped_here or (page.sort is not None and query.fused)
    ranked = _page_of_ranking(page, scope, min(len(query.clause_names) * depth, MAX_REACH) if taken_whole else None)
    # The fewer the graph is searched for, the less surely it finds what is nearest: the fusion cuts to a smaller depth.
    nearest = max(depth, DEPTH) if query.fused else depth
    clauses = make_clauses(query, vectors, scope.filters, nearest=nearest, ef_search=fusion.ef_search)
    weights = clause_weights(query, fusion)
    shown = {"_source": {"excludes": UNSEEN}, **highlight(query)}
    if query.fused:  # never without its pipeline: OpenSearch would answer nonsense and not say so
        ranked["query"] = {"hybrid": {"pagination_depth": depth, "queries": list(clauses.values())}}
        ranked["search_pipeline"] = fusion.pipeline or pipeline(
            fusion.technique, tuple(weights.values()), mean=fusion.mean
        )
    else:
        (ranked["query"],) = map(unnamed, clauses.values())
        ranked.update(NO_PIPELINE)
    return Plan(
        query=query,
        fusion=fusion,
        page=page,
        clauses=clauses,
        weights=weights,
        vector=vectors.get(VECTOR),
        order=scope.order,
        depth=depth,
        nearest=nearest,
        grouped_here=grouped_here,
        taken_whole=taken_whole,
        ranked=ranked,
        shown=shown,
        copies=f"{zlib.crc32(repr((query.words, list(scope.filters), query.like)).encode()):08x}",
    )


def _page_of_ranking(page: Page, scope: Scope, whole: int | None) -> dict[str, Any]:
    """Which of the ranked documents come, in what order, and what is counted. ``whole``: all candidates, where all come."""
    body: dict[str, Any] = {"size": page.size if whole is None else whole, "track_total_hits": True}
    if scope.facets:
        body["aggs"] = {name: {"terms": {"field": it, "size": FACET_VALUES}} for name, it in scope.facets.items()}
    if whole is not None:
        return body
    if page.start:
        body["from"] = page.start
    if scope.order is not None:
        body.update(sort=scope.order.server_sort, track_scores=True)
    if page.group_duplicates:
        body["collapse"] = {"field": "content_hash"}
    return body
