"""Whether the process lives, whether it can answer searches, and its figures. Outside of the API: not for its clients."""

from __future__ import annotations

from clipseek.opensearch.errors import OpenSearchError
from clipseek.opensearch.search.browse import count_pictures
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .errors import not_ready
from .state import state_of

router = APIRouter(include_in_schema=False)


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz() -> PlainTextResponse:
    return PlainTextResponse("ok\n")


@router.api_route("/readyz", methods=["GET", "HEAD"])
def readyz(request: Request) -> Response:
    """200 where every index answers."""
    state = state_of(request)
    try:
        for alias in state.settings.indexes:
            count_pictures(state.client, state.opened(alias).version)
    except OpenSearchError as problem:
        return not_ready(problem)
    return PlainTextResponse("ready\n")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    return Response(generate_latest(state_of(request).metrics.registry), media_type=CONTENT_TYPE_LATEST)
