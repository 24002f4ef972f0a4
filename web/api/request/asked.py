"""What a request asks for, as the library's own values."""

from __future__ import annotations

from typing import Any

from clipseek.opensearch import Fusion, Page, Query, Searcher

from ..pictures import sent_pictures
from .body import Sent
from .models import PageRequest, SearchRequest


def asked_page(request: PageRequest) -> Page:
    """Raises InvalidOption for a page that cannot be reached."""
    return Page(
        size=request.size,
        start=request.start,
        sort=request.sort,
        facets=tuple(request.facets),
        group_duplicates=request.group == "duplicates",
        group_near=request.group == "near",
        min_cosine=request.min_cosine,
    )


def asked_query(sent: Sent[SearchRequest]) -> Query | None:
    """What is searched for; None where there is nothing. Raises InvalidOption where it makes no query."""
    request = sent.fields
    pictures = sent_pictures(request.pictures, sent.uploads)
    if not any((request.text.strip(), request.texts, pictures, request.like, request.unlike, request.not_)):
        return None
    return Query(
        text=request.text,
        texts=tuple((one.text, one.weight) for one in request.texts),
        pictures=tuple(pictures),
        like=tuple((one.id, one.weight) for one in request.like),
        unlike=tuple((one.id, one.weight) for one in request.unlike),
        unwanted=tuple(request.not_),
        not_weight=request.not_weight,
        text_weight=request.text_weight,
        kind=request.kind,
        match=request.match,
        exact=request.exact,
        ocr_weight=request.ocr_weight,
        split=request.split,
        **asked_scope(request),
    )


def asked_scope(request: PageRequest) -> dict[str, Any]:
    """Which pictures may be found, by the names of a Query's fields."""
    return {
        "filters": tuple(request.filters),
        "any_filters": tuple(request.any_),
        "time_zone": request.time_zone,
    }


def asked_fusion(request: SearchRequest, searcher: Searcher, query: Query, page: Page) -> Fusion:
    """The index's own fusion with what the request changes of it."""
    default = searcher.default_fusion(query, page)
    return default if request.fusion is None else default.changed(**request.fusion.model_dump())
