"""The files of the page, out of memory: they are few and small, and a browser asks for all of them at once."""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class _File:
    """``stamp``: when it was last written, in nanoseconds."""

    stamp: int
    kind: str
    tag: str
    plain: bytes
    packed: bytes


class PageFiles:
    """Answers GET and HEAD of the files that are in ``folder`` now, and of no other; a changed one is read again.

    An ASGI application to be mounted. Browsers keep what they got and ask each time whether it is still the same (ETag).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in TYPES)
        self._files = {name: _read(folder / name) for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = str(scope["path"]).removeprefix(str(scope.get("root_path", ""))).lstrip("/")
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await self.answer(request, path)(scope, receive, send)

    def answer(self, request: Request, name: str) -> Response:
        """The file ``name``, or that it is what the browser has. Raises HTTPException (404) for another name."""
        file = self._files.get(name)
        if file is None:
            raise HTTPException(404)
        if os.stat(self._folder / name).st_mtime_ns != file.stamp:
            file = self._files[name] = _read(self._folder / name)
        headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if file.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.plain, media_type=file.kind, headers=headers)
        return Response(file.packed, media_type=file.kind, headers={**headers, "Content-Encoding": "gzip"})


def _read(path: Path) -> _File:
    stamp, plain = path.stat().st_mtime_ns, path.read_bytes()
    tag = f'"{hashlib.sha256(plain).hexdigest()[:16]}"'
    return _File(stamp, TYPES[path.suffix], tag, plain, gzip.compress(plain, 6, mtime=0))
