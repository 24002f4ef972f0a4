"""Searching: by a whole query, by one picture of the index, and for the facets alone."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated

from clipseek.opensearch import Page, Query
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.browse import Listing
from fastapi import APIRouter, Depends, Request

from ..encoders import seconds_waited
from ..state import State, state_of
from .addresses import Addresses
from .answer import FacetsAnswer, SearchAnswer, browse_answer, facet_answer, search_answer
from .logged import log_search, origin_of
from .request.asked import asked_fusion, asked_page, asked_query, asked_scope
from .request.body import Sent, body_in_openapi, sent
from .request.models import SearchRequest, SimilarRequest

router = APIRouter(tags=["search"])
SentSearch = Annotated[Sent[SearchRequest], Depends(sent(SearchRequest))]


@router.post("/indexes/{index}/search", openapi_extra=body_in_openapi(SearchRequest))
def search(index: str, body: SentSearch, request: Request) -> SearchAnswer:
    """Search an index by words, by pictures, or by both.

    A query with nothing to search for shows the index as it is, in the order of `sort`, by default the newest first.
    """
    started = time.perf_counter()
    found = find(state_of(request), index, body, asked_page(body.fields))
    addresses, seconds = Addresses.of(request, index), time.perf_counter() - started
    if isinstance(found, Listing):
        return browse_answer(addresses, found, body.fields.start, seconds)
    name = log_search(state_of(request), index, body, found, seconds, origin_of(request))
    return search_answer(addresses, found, seconds, explain=body.fields.explain, search=name)


@router.post("/indexes/{index}/similar", openapi_extra=body_in_openapi(SimilarRequest))
def similar(
    index: str, body: Annotated[Sent[SimilarRequest], Depends(sent(SimilarRequest))], request: Request
) -> SearchAnswer:
    """Pictures that are near one of the index, by their vectors."""
    started = time.perf_counter()
    answer = find_similar(state_of(request), index, body.fields)
    seconds = time.perf_counter() - started
    name = log_search(state_of(request), index, body, answer, seconds, origin_of(request))
    return search_answer(Addresses.of(request, index), answer, seconds, explain=False, search=name)


@router.post("/indexes/{index}/facets", openapi_extra=body_in_openapi(SearchRequest))
def facets(index: str, body: SentSearch, request: Request) -> FacetsAnswer:
    """How often the pictures that a search matches have each value of its `facets`, without the hits."""
    found = find(state_of(request), index, body, replace(asked_page(body.fields), size=1, start=0))
    return FacetsAnswer(
        index=found.index, documents=found.documents, matched=found.matched, facets=facet_answer(found.facets)
    )


def find(state: State, index: str, body: Sent[SearchRequest], page: Page) -> Answer | Listing:
    """What the request searches for, or, of one with nothing to search for, the pictures of the index."""
    seconds_waited()  # from here on it counts for this search
    asked, searcher, query = body.fields, state.opened(index).searcher, asked_query(body)
    if query is None:
        found: Answer | Listing = searcher.browse(
            page, filters=asked.filters, any_filters=asked.any_, time_zone=asked.time_zone
        )
    else:
        found = searcher.search(query, asked_fusion(asked, searcher, query, page), page)
    state.metrics.stages.labels("server").observe(found.milliseconds / 1000)
    return found


def find_similar(state: State, index: str, asked: SimilarRequest) -> Answer:
    """What is near the picture ``asked.id``."""
    seconds_waited()
    query = Query(like=((asked.id, 1.0),), **asked_scope(asked))
    searcher, page = state.opened(index).searcher, asked_page(asked)
    if not asked.near:
        return searcher.search(query, page=page)
    answer = searcher.search(query, page=replace(page, start=0, size=DEPTH))
    same = searcher.nearly_same(asked.id, answer.hits)
    answer = replace(answer, hits=same[page.start : page.end], matched=len(same), reachable=len(same))
    return replace(answer, plan=replace(answer.plan, page=page))
