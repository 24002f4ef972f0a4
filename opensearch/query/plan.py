"""What is sent for a search. Pure: nothing here talks to a server."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidOption
from ..index.mapping import FieldType
from .clauses import caption_field, clause_weights, make_clauses, words_clause
from .compose import Vector
from .filters import parse_facets, parse_filters, without_ids
from .fusion import Fusion
from .limits import CAPTION, MARKS, MAX_REACH, VECTOR
from .order import Order, parse_order, server_sort, wanted_value
from .page import Page
from .pipelines import pipeline
from .query import Query

#: Values of a facet that are counted.
FACET_VALUES = 20
#: Fields of a document that no hit shows.
UNSEEN = ["image_vector", "look"]


@dataclass(frozen=True)
class Scope:
    """Which pictures a search may bring, in what order, and which of their fields it counts: as the index has them.

    filters: clauses that must hold; order: of ``Page.sort``; facets: field of the index by its name in ``Page.facets``.
    """

    filters: Sequence[dict[str, Any]] = ()
    order: Order | None = None
    facets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Everything that a search sends, and what is needed to read the answers.

    clauses: the clause of each name, in the order of ``weights``, which has the weight of each.
    vector: the (D,) unit vector, where there is one vector clause.
    ranked: the body's part that says which documents come, in what order.
    shown: the part that says what comes of each.
    copies: a preference. Copies of a shard differ in the order of hits that score the same, so that every request of a search, and
        of its other pages, must see the same ones.
    """

    query: Query
    fusion: Fusion
    page: Page
    clauses: Mapping[str, dict[str, Any]]
    weights: Mapping[str, float]
    vector: Vector | None
    order: Order | None
    ranked: Mapping[str, Any]
    shown: Mapping[str, Any]
    copies: str

    @property
    def depth(self) -> int:
        """Candidates of each clause."""
        return self.fusion.depth_for(self.page.end)

    @property
    def in_two_steps(self) -> bool:
        """Whether the ranking comes first, without documents, and then the page's documents.

        Of an index with one shard, OpenSearch (2.19 at least) loads the document of every candidate of a hybrid, up to 400 with
        their vectors, to answer ten hits: that is most of the time (benchmarks/search_request.py).
        """
        return len(self.clauses) > 1 or self.page.group_near

    @property
    def grouped_here(self) -> bool:
        """Whether the candidates are grouped here: see ``grouped_here``."""
        return grouped_here(self.query, self.page)

    @property
    def taken_whole(self) -> bool:
        """Whether all candidates come, to be grouped or sorted here."""
        return taken_whole(self.query, self.page)

    def search_body(self) -> dict[str, Any]:
        """The search in one step. To be sent, as ``ranking_body``, with ``limits.SEARCH_PARAMETERS``."""
        return {**self.ranked, **self.shown}

    def ranking_body(self) -> dict[str, Any]:
        """The search with ids, content hashes and scores as its only answer, and with what grouping and sorting need."""
        values: list[Any] = ["image_id", "content_hash", *(["look"] if self.page.group_near else [])]
        if self.order is not None and self.taken_whole:
            values.append(wanted_value(self.order))
        return {**self.ranked, "_source": False, "stored_fields": "_none_", "docvalue_fields": values}

    def page_body(self, ids: Sequence[str]) -> dict[str, Any]:
        """The documents ``ids`` as the search in one step would show them."""
        return {"size": len(ids), "query": {"ids": {"values": list(ids)}}, "track_total_hits": False, **self.shown}


def read_scope(query: Query, page: Page, fields: Mapping[str, FieldType]) -> Scope:
    """Of an index with the declared columns ``fields``. Pictures that the query names are left out. Raises InvalidOption for a
    filter that cannot be read, and a field that is not indexed.
    """
    return Scope(
        [*parse_filters(query.filters, fields), *without_ids(query.ids)],
        None if page.sort is None else parse_order(page.sort, fields),
        parse_facets(page.facets, fields),
    )


def check_together(query: Query, fusion: Fusion, page: Page) -> None:
    """Raise InvalidOption where the three, each good by itself, make no search."""
    if fusion.depth is not None and fusion.depth < page.end:
        raise InvalidOption(
            f"{fusion.depth:,} candidates cannot be used; give at least the last hit's number, {page.end:,}, and at most "
            f"{MAX_REACH:,}"
        )
    if fusion.pipeline is not None and not query.fused:
        raise InvalidOption(f"a {query.resolved_kind} search has one clause and nothing to join; leave --pipeline out")
    if page.min_cosine is not None:
        if query.resolved_kind == "caption":
            raise InvalidOption("a caption search has no cosines to cut at; leave --caption or --min-relevance out")
        if query.is_split:
            raise InvalidOption(
                "several vector clauses have no one cosine to cut at; leave --clauses or --min-relevance out"
            )


def make_plan(query: Query, fusion: Fusion, page: Page, scope: Scope, vectors: Mapping[str, Vector]) -> Plan:
    """What is sent for ``query``. ``vectors``: the (D,) unit vector of each vector clause by its name (``vectors.query_vectors``).

    Raises InvalidOption where the values do not go together, or make no pipeline.
    """
    check_together(query, fusion, page)
    weights = clause_weights(query, fusion)
    clauses = make_clauses(
        query,
        vectors,
        scope.filters,
        nearest=fusion.nearest_for(page.end, fused=query.fused),
        ef_search=fusion.ef_search,
    )
    shown: dict[str, Any] = {"_source": {"excludes": UNSEEN}}
    if CAPTION in clauses:
        shown["highlight"] = {
            "pre_tags": [MARKS[0]],
            "post_tags": [MARKS[1]],
            "fields": {caption_field(query): {"number_of_fragments": 0, "highlight_query": words_clause(query)}},
        }
    return Plan(
        query,
        fusion,
        page,
        clauses,
        weights,
        vectors.get(VECTOR),
        scope.order,
        {**_taken(query, fusion, page, scope), **_asked(fusion, page, clauses, weights)},
        shown,
        f"{zlib.crc32(repr((query.words, list(scope.filters), query.like)).encode()):08x}",
    )


def grouped_here(query: Query, page: Page) -> bool:
    """Whether ``near_duplicates.first_of_each`` groups the candidates: a server groups by equal values only, and OpenSearch 2.19
    takes a collapse in a hybrid, and does nothing.
    """
    return page.group_near or (page.group_duplicates and query.fused)


def taken_whole(query: Query, page: Page) -> bool:
    """Whether all candidates come, to be grouped or sorted here."""
    return grouped_here(query, page) or (page.sort is not None and query.fused)


def _taken(query: Query, fusion: Fusion, page: Page, scope: Scope) -> dict[str, Any]:
    """Which of the ranked come, in what order, and what is counted."""
    body: dict[str, Any] = {"size": page.size, "track_total_hits": True}
    if taken_whole(query, page):
        body["size"] = min(len(query.clause_names) * fusion.depth_for(page.end), MAX_REACH)
    elif page.start:
        body["from"] = page.start
    if scope.order is not None and not taken_whole(query, page):
        body["sort"] = server_sort(scope.order)
        body["track_scores"] = True
    if page.group_duplicates and not grouped_here(query, page):
        body["collapse"] = {"field": "content_hash"}
    if scope.facets:
        body["aggs"] = {name: {"terms": {"field": field, "size": FACET_VALUES}} for name, field in scope.facets.items()}
    return body


def _asked(
    fusion: Fusion, page: Page, clauses: Mapping[str, dict[str, Any]], weights: Mapping[str, float]
) -> dict[str, Any]:
    """The query; a hybrid never goes without its pipeline: OpenSearch would answer nonsense and not say so."""
    if len(clauses) == 1:
        (clause,) = clauses.values()
        return {"query": clause}
    return {
        "query": {"hybrid": {"pagination_depth": fusion.depth_for(page.end), "queries": list(clauses.values())}},
        "search_pipeline": fusion.pipeline
        or pipeline(fusion.technique, tuple(weights.values()), clauses=len(clauses), mean=fusion.mean),
    }
