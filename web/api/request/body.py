"""The body of a request: JSON, or a form of JSON and picture files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from clipseek.opensearch.query.limits import MAX_PARTS
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from ...errors import Refused, not_understood

Fields = TypeVar("Fields", bound=BaseModel)
Read = TypeVar("Read", bound=BaseModel, covariant=True)
JSON, FORM = "application/json", "multipart/form-data"


@dataclass(frozen=True)
class Sent(Generic[Read]):
    """``fields`` of the JSON, and the bytes of the files that came with it."""

    fields: Read
    uploads: tuple[bytes, ...] = ()


def sent(model: type[Fields]) -> Callable[[Request], Awaitable[Sent[Fields]]]:
    """A dependency that reads the body as ``model``; files may come with one that has ``pictures``.

    Raises RequestValidationError, and Refused for another kind of body.
    """
    kinds = _kinds(model)

    async def read(request: Request) -> Sent[Fields]:
        kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if kind not in kinds:
            detail = f"a body of {kind[:80]!r} is not understood; send {' or '.join(kinds)}"
            raise Refused(415, "unsupported-body", "The body is of another kind", detail)
        text, uploads = await _form(request) if kind == FORM else (await request.body(), ())
        try:
            return Sent(model.model_validate_json(text), uploads)
        except ValidationError as problem:
            raise RequestValidationError(problem.errors(include_url=False, include_context=False)) from None

    return read


def _kinds(model: type[BaseModel]) -> tuple[str, ...]:
    return (JSON, FORM) if "pictures" in model.model_fields else (JSON,)


async def _form(request: Request) -> tuple[str | bytes, tuple[bytes, ...]]:
    """The part ``query``, and the parts ``upload`` in their order."""
    try:
        async with request.form(max_files=MAX_PARTS + 1, max_fields=1) as form:
            query: str | bytes = "{}"
            uploads = []
            for name, part in form.multi_items():
                if name == "query":
                    query = await part.read() if isinstance(part, UploadFile) else part
                elif name == "upload" and isinstance(part, UploadFile):
                    uploads.append(await part.read())
                else:
                    raise not_understood(f"part {name[:80]!r} is neither query nor a file named upload; leave it out")
            return query, tuple(uploads)
    except (LookupError, ValueError):  # an unknown character set, or what the parser does not take
        raise Refused(
            400, "no-form", "The form cannot be read", "the body is no form; send it as curl -F does"
        ) from None


def body_in_openapi(model: type[BaseModel]) -> dict[str, Any]:
    """The body of such a request, as OpenAPI describes it."""
    fields = {"$ref": f"#/components/schemas/{model.__name__}"}
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": MAX_PARTS}
    form = {
        "type": "object",
        "properties": {"query": fields, "upload": {**files, "description": "Picture files."}},
        "additionalProperties": False,
    }
    content = {JSON: {"schema": fields}, FORM: {"schema": form, "encoding": {"query": {"contentType": JSON}}}}
    return {"requestBody": {"required": True, "content": {kind: content[kind] for kind in _kinds(model)}}}
