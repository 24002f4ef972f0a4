"""``POST /indexes/{index}/search``."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request

from ..state import State
from .answer import SearchAnswer, search_answer
from .asked import asked_fusion, asked_page, asked_query
from .models import SearchRequest

router = APIRouter()


@router.post("/indexes/{index}/search")
def search(index: str, body: SearchRequest, request: Request) -> SearchAnswer:
    """Search an index by words, by pictures, or by both."""
    started = time.perf_counter()
    state: State = request.app.state.clipseek
    searcher = state.opened(index).searcher
    query, page = asked_query(body), asked_page(body, body.min_cosine)
    answer = searcher.search(query, asked_fusion(body, searcher, query, page), page)
    return search_answer(index, answer, time.perf_counter() - started, explain=body.explain)
