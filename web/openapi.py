"""The description of the API (OpenAPI 3.1): every body, every answer, and every problem that may come instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .api.request.models import (
    ClassifyRequest,
    EncodeRequest,
    ExplainRequest,
    FeedbackRequest,
    HeatMapRequest,
    NeuralRequest,
    SearchRequest,
    SimilarRequest,
)
from .errors import MEDIA_TYPE, Problem, problem

_DESCRIPTION = """
Search pictures by words, by pictures, or by both; see of every hit why it is there.

Every failure is a problem (RFC 9457): `detail` says what is wrong in one line, `next` what to do, and `type` is the same for all of
a kind. `429`, `503` and `504` may pass: wait for the seconds in `Retry-After`, and send the same request again.
"""
_TAGS = [
    {"name": "search", "description": "Hits, and why they are there."},
    {"name": "indexes", "description": "What is served."},
    {"name": "model", "description": "Vectors and labels, by the model of an index."},
]
#: What no route names to FastAPI: bodies that the API reads itself, and what comes instead of an answer.
_MODELS: tuple[type[BaseModel], ...] = (
    SearchRequest,
    SimilarRequest,
    ExplainRequest,
    ClassifyRequest,
    EncodeRequest,
    FeedbackRequest,
    HeatMapRequest,
    NeuralRequest,
    Problem,
)
_PROBLEMS = {
    401: "No token, or a wrong one.",
    403: "Not from a page of this origin, or not over plain http.",
    404: "There is no such index or picture.",
    409: "The index was filled by another model, or cannot be used.",
    421: "Not by this host's name.",
    422: "The request is not understood, or the query cannot be searched for.",
    429: "Too many requests at once; try again after Retry-After seconds.",
    500: "Something is wrong in the service; its log says what.",
    503: "The search server or the model is away; try again after Retry-After seconds.",
    504: "The search server or the model is too slow; try again after Retry-After seconds.",
}
_PROBLEMS_OF_BODIES = {
    400: "The body ends early, or is no form.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is of another kind.",
}
_SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of clipseek serve; browsers have it as a cookie.",
    }
}
_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


def install(app: FastAPI, *, token: bool, root: str = "") -> None:
    """Make ``app`` describe itself so. ``token``: whether requests must bring one. ``root``: where a proxy has put it."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, token=token, root=root)
        return app.openapi_schema

    async def other_method(request: Request, failure: Exception) -> Response:
        allowed = ", ".join(_methods(app.openapi()["paths"], request.scope["path"])) or "GET, HEAD"
        detail = f"this address does not take {request.method[:20]}; send {allowed}"
        return problem(
            405, "other-method", "This address does not take that method", detail, headers={"Allow": allowed}
        )

    app.openapi = described  # type: ignore[method-assign]
    app.add_exception_handler(405, other_method)


def _methods(paths: Mapping[str, Mapping[str, Any]], path: str) -> list[str]:
    """The methods that the address takes; none where the API has no such one."""
    for template, operations in paths.items():
        if re.fullmatch(f".*{re.sub('{[a-z]+}', '[^/]+', template)}", path):
            return [name.upper() for name in operations]
    return []


def _describe(app: FastAPI, *, token: bool, root: str) -> dict[str, Any]:
    made = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=app.summary,
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
        servers=[{"url": root}] if root else None,
    )
    _, schemas = models_json_schema(
        [(model, "validation") for model in _MODELS], ref_template="#/components/schemas/{model}"
    )
    made["components"]["schemas"].update(schemas["$defs"])
    for unused in ("HTTPValidationError", "ValidationError"):  # what FastAPI would answer in place of a problem
        made["components"]["schemas"].pop(unused, None)
    if token:
        made["components"]["securitySchemes"] = _SECURITY
        made["security"] = [{"token": []}]
    for operations in made["paths"].values():
        for operation in operations.values():
            operation["summary"] = operation["description"].partition("\n")[0].rstrip(".")
            with_body = _PROBLEMS_OF_BODIES if "requestBody" in operation else {}
            told = {**_PROBLEMS, **with_body}
            operation["responses"].update({str(status): _problem(status, told[status]) for status in sorted(told)})
    return made


def _problem(status: int, description: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "description": description,
        "content": content,
        **({"headers": _RETRY} if status in (429, 503, 504) else {}),
    }
