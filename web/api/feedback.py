"""Feedback on hits: what was opened, and what was right or wrong."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from ..errors import Refused
from ..state import state_of
from .request.body import Sent, body_in_openapi, sent
from .request.models import FeedbackRequest

router = APIRouter(tags=["search"])
SentFeedback = Annotated[Sent[FeedbackRequest], Depends(sent(FeedbackRequest))]


class FeedbackAnswer(BaseModel):
    """Feedback that will be written."""

    rank: int = Field(ge=1, description="The rank at which the search showed the picture.")
    weight: float = Field(description="How much it counts: a click by its rank, for later hits are looked at less.")


@router.post("/indexes/{index}/feedback", status_code=202, openapi_extra=body_in_openapi(FeedbackRequest))
def feedback(index: str, body: SentFeedback, request: Request) -> FeedbackAnswer:
    """Say what somebody did with a hit of a search that was logged.

    It is written into the index clipseek-feedback within seconds. A picture has one click and one thumb of a search: later ones
    replace those before.
    """
    state, asked = state_of(request), body.fields
    if state.journal is None:
        raise Refused(
            404,
            "not-logged",
            "Searches are not logged here",
            "this service logs neither searches nor feedback; start it with: clipseek serve --log-searches DAYS",
        )
    state.opened(index)
    taken = state.journal.feedback(index, asked.search, asked.id, asked.action)
    if taken is None:
        raise Refused(
            404,
            "no-such-hit",
            "There is no such hit",
            f"no search {asked.search[:80]!r} of index {index} that showed {asked.id[:80]!r} is logged; give search and id of an "
            "answer",
        )
    return FeedbackAnswer(rank=taken.rank, weight=taken.weight)
