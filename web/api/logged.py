"""Whether a search is logged, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipseek.opensearch.search.answer import Answer
from fastapi import Request

from ..encoders import seconds_waited
from ..log.records import Origin, Times
from ..state import State
from .request.body import Sent
from .request.models import SearchRequest, SimilarRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

#: By which the page says that it is the page.
_CLIENT, _PAGE = "x-clipseek-client", "page"
#: What of a request may differ while the query is the same.
_SAME_QUERY = {"fusion", "start", "size", "facets", "explain", "search", "log"}


def origin_of(request: Request) -> Origin:
    headers: Mapping[str, str] = request.headers
    return "page" if headers.get(_CLIENT) == _PAGE else "api"


def log_search(
    state: State,
    index: str,
    body: Sent[SearchRequest] | Sent[SimilarRequest],
    answer: Answer,
    seconds: float,
    origin: Origin,
) -> str | None:
    """Log the search of the alias ``index``, where searches are logged and this one may be; its id. ``seconds``: of all of it."""
    encode = seconds_waited()
    if state.journal is None or not body.fields.log:
        return None
    query = hash((body.fields.model_dump_json(exclude=_SAME_QUERY), body.uploads))
    times = Times(1000 * encode, answer.milliseconds, 1000 * seconds)
    return state.journal.search(index, query, answer, origin, times, body.fields.search)
