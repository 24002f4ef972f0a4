"""``GET /pictures/{index}`` and ``GET /thumbnails/{index}``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from ..errors import Refused
from .service import Original, Pictures, Webp
from .shown import SIZES, WHOLE

router = APIRouter(tags=["pictures"])
_CHUNK = 256 * 1024
_DOWNLOADED = {"TIFF": "image/tiff", "BMP": "image/bmp", "JPEG2000": "image/jp2", "PSD": "image/vnd.adobe.photoshop"}
_SHOWN_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif")
_CACHED = {"cache-control": "private, max-age=300"}

Id = Annotated[str, Query(min_length=1, max_length=512, description="The picture's id in the index.")]


def _answers(*types: str) -> dict[int | str, dict[str, Any]]:
    picture = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {"description": "The picture.", "content": {name: picture for name in types}},
        304: {"description": "The client has it already, as If-None-Match says."},
    }


@router.get("/thumbnails/{index}", response_class=Response, responses=_answers("image/webp"))
@router.head("/thumbnails/{index}", include_in_schema=False)
async def thumbnail(
    index: str,
    id: Id,
    request: Request,
    size: Annotated[int, Query(description="Longest side in pixels.", json_schema_extra={"enum": list(SIZES)})] = 320,
) -> Response:
    """A picture of the index as WebP, small, never enlarged."""
    if size not in SIZES:
        raise Refused(
            422,
            "invalid-request",
            "The request is not understood",
            f"size {size} is none of {', '.join(map(str, SIZES))}",
        )
    return await _webp(request, index, id, size)


@router.get("/pictures/{index}", response_class=Response, responses=_answers(*_SHOWN_TYPES, "application/octet-stream"))
@router.head("/pictures/{index}", include_in_schema=False)
async def picture(
    index: str,
    id: Id,
    request: Request,
    download: Annotated[bool, Query(description="The file as it is, to be saved.")] = False,
) -> Response:
    """A picture of the index: as it is where browsers show it, else as WebP; with `download` always as it is."""
    pictures = _pictures(request)
    original = await pictures.run(lambda: pictures.original(index, id, download=download))
    if original.shown is None and not download:
        original.window.close()
        return await _webp(request, index, id, WHOLE)
    if _known(request)(original.etag):
        original.window.close()
        return Response(status_code=304, headers={"etag": original.etag, **_CACHED})
    return _File(original, pictures, download=download)


async def _webp(request: Request, index: str, name: str, size: int) -> Response:
    pictures, known = _pictures(request), _known(request)
    made: Webp = await pictures.run(lambda: pictures.thumbnail(index, name, size, known))
    headers = {"etag": made.etag, **_CACHED}
    if made.data is None:
        return Response(status_code=304, headers=headers)
    return Response(made.data, headers=headers, media_type="image/webp")


def _pictures(request: Request) -> Pictures:
    pictures: Pictures = request.app.state.pictures
    return pictures


def _known(request: Request) -> Callable[[str], bool]:
    """Whether the request's If-None-Match names an ETag, compared weakly (RFC 9110, 13.1.2)."""
    given = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return lambda etag: etag in given or "*" in given


class _File(Response):
    """A picture's own bytes, read while they are sent."""

    def __init__(self, original: Original, pictures: Pictures, *, download: bool) -> None:
        kind = original.shown or _DOWNLOADED.get(original.format, "application/octet-stream")
        placed = "attachment" if download else "inline"
        named = quote(original.name.encode("utf-8", "surrogateescape"), safe="")
        super().__init__(
            headers={
                "content-length": str(original.window.size),
                "content-disposition": f"{placed}; filename*=UTF-8''{named}",
                "etag": original.etag,
                **_CACHED,
            },
            media_type=kind,
        )
        self._window, self._pictures = original.window, pictures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        window = self._window
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            window.seek(0)
            left = 0 if scope["method"] == "HEAD" else window.size
            while left > 0:
                data = await self._pictures.run(lambda: window.read(_CHUNK) or b"")
                if not data:
                    raise OSError("the picture's file became shorter while it was sent")
                left -= len(data)
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            window.close()
