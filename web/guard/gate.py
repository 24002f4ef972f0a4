"""The gate before the application: host, origin, token, size and number of requests, in this order; and headers on every answer."""

from __future__ import annotations

import logging
import time
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import problem
from ..settings import Settings
from .admission import Admission
from .embedding import embedding_headers, is_embedded
from .headers import guarded
from .hosts import host_name, is_allowed, is_this_machine
from .lanes import Lane, Upload, Width
from .origins import is_foreign
from .passage import Passage, answer_and_drop

_LOG = logging.getLogger("clipseek.web.access")
#: Read by anybody: they say nothing of the pictures. Everything else wants the token.
_OPEN = frozenset({"/", "/favicon.ico", "/healthz", "/readyz", "/metrics"})
_STATIC = "/static/"
_RETRY = {"retry-after": "1"}


class Gate:
    """An ASGI application around ``app``; pure ASGI, so that bodies and pictures stream through it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        access, limits = settings.access, settings.limits
        self.admission = None if access.token is None else Admission(access.token, access.port)
        self.upload = Upload(limits.held_bytes)
        self.searches = Lane(Width(limits.searches, limits.waiting, limits.wait_seconds))
        self.pictures = Lane(Width(limits.pictures, 4 * limits.waiting, 2 * limits.wait_seconds))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:  # nothing here speaks over WebSockets
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, path = time.monotonic(), scope["path"]
        if root := self.settings.root_path:  # a proxy may take it off the path, or leave it on
            path = path.removeprefix(root) if path.startswith(f"{root}/") else path
            scope = {**scope, "root_path": root, "path": root + path}
        headers = Headers(scope=scope)
        embedded = is_embedded(self.settings.access, path, scope, headers)
        address = scope.get("raw_path", b"").decode("ascii", "replace")  # percent-encoded: one line whatever it names
        added = embedding_headers(self.settings.access.embed_from) if embedded else []

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                page = path == "/" or path.startswith(_STATIC)
                message = {**message, "headers": guarded([*message.get("headers", []), *added], page=page)}
                # Never the query: it may hold the token.
                seconds = time.monotonic() - began
                _LOG.info("%s %s %d %.0f ms", scope["method"], address, message["status"], seconds * 1000)
            await send(message)

        answer = self._other_host(scope, headers) or (None if embedded else self._stranger(scope, headers, path))
        if answer is not None:
            await answer_and_drop(answer, scope, receive, send_guarded)
            return
        limit = self.settings.limits.request_bytes
        passage = Passage(self.app, limit=limit, upload=self.upload, lane=self._lane(path), refusal=self._refusal)
        await passage.run(scope, receive, send_guarded)

    def _other_host(self, scope: Scope, headers: Headers) -> Response | None:
        name, reached = host_name(headers.get("host", "")), (scope.get("server") or (None,))[0]
        if name is not None and is_allowed(name, reached, self.settings.access.hosts):
            return None
        return problem(
            421,
            "foreign-host",
            "This service does not go by that name",
            "the Host header names another machine; use the printed address, or start with --allowed-host NAME",
        )

    def _stranger(self, scope: Scope, headers: Headers, path: str) -> Response | None:
        """The answer to somebody who may not come in, or to who comes in by the printed address; None for all others."""
        host = headers["host"]
        is_open = path in _OPEN or path.startswith(_STATIC)
        if (not is_open or scope["method"] not in ("GET", "HEAD")) and is_foreign(
            headers, f"{scope['scheme']}://{host}"
        ):
            return problem(
                403,
                "foreign-origin",
                "Asked by a page of another origin",
                "a page of another origin asks; only this service's own page may, and programs with a bearer token",
            )
        if self.admission is None:
            return None
        plain = scope["scheme"] == "http" and not is_this_machine(host_name(host) or "")
        if path == "/" and scope["method"] in ("GET", "HEAD"):
            return self._entering(scope, self.admission, plain=plain)
        if is_open:
            return None
        if plain:
            return problem(
                403,
                "plain-http",
                "A token does not travel over plain http",
                "the request came over plain http from another machine; use https (a proxy must send X-Forwarded-Proto)",
            )
        return None if self.admission.admits(headers) else _no_token()

    def _entering(self, scope: Scope, admission: Admission, *, plain: bool) -> Response | None:
        """To the address that carries the token: the cookie, and the same address without it."""
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in asked if name == "token"]
        if not given:
            return None
        rest = urlencode([(name, value) for name, value in asked if name != "token"])
        root = self.settings.root_path
        answer = RedirectResponse(f"{root}/{f'?{rest}' if rest else ''}", 303, {"cache-control": "no-store"})
        if not plain and admission.knows(given[0]):
            secure = scope["scheme"] == "https"
            answer.headers["set-cookie"] = admission.session(secure=secure, path=root or "/")
        return answer

    def _lane(self, path: str) -> Lane | None:
        if path.startswith(("/pictures/", "/thumbnails/")):
            return self.pictures
        return self.searches if path.startswith("/api/") else None

    def _refusal(self, why: str) -> Response:
        if why == "large":
            most = self.settings.limits.request_bytes / 1e6
            return problem(
                413, "too-large", "The request is too large", f"a request may have {most:g} MB; send smaller pictures"
            )
        return problem(
            429,
            "busy",
            "Too many requests at once",
            "as many requests as can be are being worked on; try again in a second",
            headers=_RETRY,
        )


def _no_token() -> Response:
    return problem(
        401,
        "no-token",
        "No token, or another one",
        "the request brings no valid token; open the address that clipseek serve printed, or send Authorization: Bearer TOKEN",
        headers={"www-authenticate": 'Bearer realm="clipseek"'},
    )
