"""Why a picture is among the hits of a search: how its score adds up, and which words of its caption were matched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from clipseek.opensearch import Searcher
from clipseek.opensearch.query.limits import MAX_HITS
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.contributions import written
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from ..errors import Refused, not_understood
from ..state import state_of
from .addresses import Addresses
from .answer import HitAnswer, hit_answer
from .request.asked import asked_fusion, asked_page, asked_query
from .request.body import Sent, body_in_openapi, sent
from .request.models import ExplainRequest

router = APIRouter(tags=["search"])


class Explanation(BaseModel):
    """A hit, with the terms of its score."""

    hit: HitAnswer
    words: list[str] = Field(description="Words of the caption that were matched, as they stand there.")
    text_words: list[str] = Field(description="Of the words in the picture, those that were matched.")
    written: str | None = Field(
        description="The score as it is computed, 0.500 x 0.8212 + 0.500 x 1.0000 = 0.9106; null where that is not known."
    )


@router.post("/indexes/{index}/explain", openapi_extra=body_in_openapi(ExplainRequest))
def explain(
    index: str, body: Annotated[Sent[ExplainRequest], Depends(sent(ExplainRequest))], request: Request
) -> Explanation:
    """How the score of one hit of a search adds up. Quickest with the `start` and `size` of the page that it is on."""
    searcher = state_of(request).opened(index).searcher
    for answer in _answers(searcher, body):
        for rank, hit in enumerate(answer.hits, answer.page.start + 1):
            if hit.id == body.fields.id:
                terms = answer.terms(hit)
                return Explanation(
                    hit=hit_answer(Addresses.of(request, index), hit, rank, terms=terms),
                    words=[text for text, matched in hit.pieces() if matched],
                    text_words=[text for text, matched in hit.text_pieces() if matched],
                    written=written(answer.fusion, terms, hit.score) if terms else None,
                )
    raise Refused(
        404,
        "no-such-hit",
        "The picture is no hit of this search",
        f"{body.fields.id[:80]!r} is not among the hits of this search; give the id of one, and the start and size of its page",
    )


def _answers(searcher: Searcher, body: Sent[ExplainRequest]) -> Iterator[Answer]:
    """The page that was asked for, then all pages that rank the same candidates."""
    query, page = asked_query(body), asked_page(body.fields)
    if query is None:
        raise not_understood("a query with nothing to search for has no scores to explain; give the search of the hit")
    fusion = asked_fusion(body.fields, searcher, query, page)
    first = searcher.search(query, fusion, page)
    yield first
    # Another depth would be another ranking.
    fusion, reach = replace(fusion, depth=first.plan.depth), first.plan.depth
    if first.plan.complete:
        reach *= len(first.plan.clauses)
    for start in range(0, min(first.reachable, reach), MAX_HITS):
        size = min(MAX_HITS, first.reachable - start, reach - start)
        yield searcher.search(query, fusion, replace(page, start=start, size=size))
