"""Every failure as one problem (RFC 9457), in one line each of what is wrong and what to do next."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from clipseek.encoder import errors as encoder_errors
from clipseek.opensearch import errors
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

_LOG = logging.getLogger("clipseek.web")
MEDIA_TYPE = "application/problem+json"
#: Statuses that may be gone when the same request is sent again.
_PASSING = (408, 429, 503, 504)
_AGAIN = "try again in some seconds"
_CHANGE = "change the request; what it may hold stands in /api/v1/openapi.json"
#: Where the search server is, which is not told.
_ADDRESS = re.compile(r" at https?://[^\s;]+")
#: Seconds after which to try again where the server is away or busy.
RETRY_SECONDS = 2


class Problem(BaseModel):
    """Why a request was refused or failed (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:clipseek:problem:invalid-query",
                "title": "The query cannot be searched for",
                "status": 422,
                "detail": "filter field 'colour' is not indexed here; use one of set, image_id, width",
                "next": "use one of set, image_id, width",
            }
        }
    )

    type: str = Field(description="Which kind of problem: the same for all problems of a kind.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="What is wrong with this request, in one line.")
    next: str = Field(description="The next thing to do.")


class Refused(Exception):
    """A request that is refused here; ``kind`` ends the problem's type."""

    def __init__(
        self, status: int, kind: str, title: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.title, self.detail = status, kind, title, detail
        self.headers = dict(headers or {})


def not_understood(why: str) -> Refused:
    """A request that OpenAPI's description does not cover. ``why`` says what is wrong, and after a semicolon what to do."""
    return Refused(422, "invalid-request", "The request is not understood", why)


_AWAY = "the search server does not answer; try again in some seconds, or start it with: clipseek node start"
#: Of each error, most special first: status, kind, title, and what is said in place of its own message, which names addresses and
#: folders of this machine.
_KNOWN: tuple[tuple[type[Exception], int, str, str, str | None], ...] = (
    (errors.InvalidOption, 422, "invalid-query", "The query cannot be searched for", None),
    (errors.IndexMissing, 404, "index-missing", "There is no such index", None),
    (
        errors.IndexUnusable,
        409,
        "index-unusable",
        "The index cannot be used",
        "the alias does not lead to one index that clipseek made; look at it with: clipseek index list",
    ),
    (
        errors.ModelMismatch,
        409,
        "model-mismatch",
        "The index was filled by another model",
        "the model that is served did not fill this index; start again with the bundle that did: clipseek serve --model BUNDLE",
    ),
    (
        errors.TimedOut,
        504,
        "server-slow",
        "The search server was too slow",
        "the search server did not answer in time; try again in some seconds, or narrow the search",
    ),
    (
        errors.RequestRefused,
        503,
        "server-busy",
        "The search server could not answer",
        "the search server could not answer; try again in some seconds",
    ),
    (errors.OpenSearchError, 503, "server-away", "The search server does not answer", _AWAY),
    (encoder_errors.ImageError, 422, "invalid-picture", "The picture cannot be read", None),
    (
        encoder_errors.Overloaded,
        503,
        "encoder-busy",
        "Too many queries wait for the model",
        "too many queries wait for the model; try again in some seconds",
    ),
    (
        encoder_errors.BatcherClosed,
        503,
        "closing",
        "The service is shutting down",
        "the service is shutting down; try again in some seconds",
    ),
    (
        encoder_errors.EncodeTimedOut,
        504,
        "encoder-slow",
        "The model was too slow",
        "the model did not answer in time; try again in some seconds",
    ),
    (
        encoder_errors.EncoderError,
        503,
        "model-missing",
        "The model cannot be used",
        "the model of this index cannot be loaded; search by captions alone, or start again with: clipseek serve --model BUNDLE",
    ),
)
_UNKNOWN: tuple[int, str, str, str | None] = (
    500,
    "internal",
    "Something is wrong here",
    "the request failed; the service's log says why",
)
#: Options of the command line in messages of the libraries, and the fields of a request that they are here.
_FIELDS = {
    "--min-relevance": "min_cosine",
    "--image": "pictures",
    "--text-weight": "text_weight",
    "--text": "texts",
    "--like": "like",
    "--unlike": "unlike",
    "--not-weight": "not_weight",
    "--not": "not",
    "--caption": 'kind "caption"',
    "--vector": 'kind "vector"',
    "--hybrid": 'kind "hybrid"',
    "--clauses": "split",
    "--fusion": "fusion.technique",
    "--mean": "fusion.mean",
    "--weight": "fusion.weight",
    "--pipeline": "fusion.pipeline",
    "--filter": "filters",
    "--any": "any",
    "--time-zone": "time_zone",
    "--match": "match",
    "--facet": "facets",
    "--sort": "sort",
    "--complete": "fusion.complete",
    "--no-complete": "fusion.complete false",
}
_OPTION = re.compile(r"--[a-z-]+")


def problem(
    status: int, kind: str, title: str, detail: str, *, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer that says so. ``detail`` is one line; what stands after its first semicolon is the next thing to do."""
    line = " ".join(detail.split())[:1000]
    told = line.partition("; ")[2] or (_AGAIN if status in _PASSING else _CHANGE)
    what = Problem(type=f"urn:clipseek:problem:{kind}", title=title, status=status, detail=line, next=told)
    return JSONResponse(what.model_dump(), status, dict(headers or {}), MEDIA_TYPE)


def describe(failure: Exception) -> JSONResponse:
    """The answer for any exception."""
    if isinstance(failure, Refused):
        return problem(failure.status, failure.kind, failure.title, failure.detail, headers=failure.headers)
    if isinstance(failure, RequestValidationError):
        return problem(422, "invalid-request", "The request is not understood", _invalid(failure.errors()))
    if isinstance(failure, errors.RequestRefused) and failure.status == 400:
        # The server's own word on a query: it says what of it cannot be.
        detail = f"the search server refused the query ({str(failure).partition(': ')[2][:300]}); change or shorten it"
        return problem(422, "invalid-query", "The query cannot be searched for", detail)
    known = next((one[1:] for one in _KNOWN if isinstance(failure, one[0])), _UNKNOWN)
    status, name, title, told = known
    if told is not None:
        _LOG.log(logging.ERROR if status == 500 else logging.WARNING, "%s", failure, exc_info=status == 500)
    headers = {"Retry-After": str(RETRY_SECONDS)} if status in _PASSING else {}
    return problem(status, name, title, in_fields(told or _ADDRESS.sub("", str(failure))), headers=headers)


def not_ready(failure: Exception) -> JSONResponse:
    """The answer to whoever asks whether searches can be answered, where they fail so."""
    detail = json.loads(bytes(describe(failure).body))["detail"]
    return problem(503, "not-ready", "Searches cannot be answered", detail, headers={"Retry-After": str(RETRY_SECONDS)})


def in_fields(message: str) -> str:
    """A library's message with the names of fields in place of the command line's options."""
    return _OPTION.sub(lambda found: _FIELDS.get(found[0], found[0]), message)


def install(app: FastAPI) -> None:
    """Make every failure of ``app`` a problem."""

    async def failed(_: Request, failure: Exception) -> Response:
        return describe(failure)

    async def refused(_: Request, failure: Exception) -> Response:
        assert isinstance(failure, HTTPException)
        title = HTTPStatus(failure.status_code).phrase
        detail = _HTTP.get(failure.status_code, str(failure.detail))
        return problem(failure.status_code, f"http-{failure.status_code}", title, detail, headers=failure.headers)

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        HTTPException: refused,
        **dict.fromkeys((Refused, RequestValidationError, Exception), failed),
        **dict.fromkeys((errors.OpenSearchError, encoder_errors.EncoderError), failed),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


_HTTP = {404: "nothing is served at this address; the addresses stand in /api/v1/openapi.json"}
_PARTS = ("body", "query", "path")


def _invalid(found: Any) -> str:
    """The first fault of a request that a model refused, and where it is."""
    first = found[0]
    # Between the fields stand the kinds of value that one of them may have.
    place = ".".join(part for part in map(str, first["loc"]) if re.fullmatch(r"\w+", part) and part not in _PARTS)
    told = str(first["msg"]).removeprefix("Value error, ")
    where = f"{place[:80]}: " if place else ""
    return f"{where}{told}; the fields stand in /api/v1/openapi.json"


class ServeError(Exception):
    """The service cannot be started or stopped as it was asked to: value, what was expected, and the next command."""

    exit_code = 1
