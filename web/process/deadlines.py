"""HTTP/1.1 with deadlines: headers, body and answer must each arrive in time, or the connection is closed.

uvicorn has none of them: a client that sends a byte a minute (slow loris), or reads none, would keep its connection for ever.
"""

from __future__ import annotations

import asyncio
import http
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import MEDIA_TYPE
from ..settings import Limits


def protocol_with(limits: Limits) -> type[H11Protocol]:
    """The class of connections that keep these limits."""
    return type("DeadlineProtocol", (DeadlineProtocol,), {"limits": limits})


class DeadlineProtocol(H11Protocol):
    """One connection. At most one of its two reading timers runs: for the headers, or for the body."""

    limits = Limits()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head: asyncio.TimerHandle | None = None
        self._body: asyncio.TimerHandle | None = None
        self._write: asyncio.TimerHandle | None = None
        self._body_began = 0.0
        self._body_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(503, "too many connections are open; try again in some seconds")
            return
        self._watch(waiting=True)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head, self._body, self._write):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._body_bytes += len(data)
        super().data_received(data)
        self._watch(waiting=bool(self.conn.trailing_data[0]))

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._watch(waiting=bool(self.conn.trailing_data[0]))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write = self.loop.call_later(self.limits.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write is not None:
            self._write.cancel()
            self._write = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "the request is no HTTP/1.1, or its headers are too large; send a smaller one")

    def _watch(self, *, waiting: bool) -> None:
        """Set the timer for what the client sends now. ``waiting``: headers are expected, or have begun."""
        state, limits = self.conn.their_state, self.limits
        if state is h11.IDLE and waiting:
            if self._head is None:
                late = "the request's headers did not arrive in time; send it again"
                self._head = self.loop.call_later(limits.head_seconds, self._refuse, 408, late)
        elif self._head is not None:
            self._head.cancel()
            self._head = None
        if state is h11.SEND_BODY:
            if self._body is None:
                self._body_began, self._body_bytes = self.loop.time(), 0
                self._body = self.loop.call_later(limits.body_seconds, self._body_late)
        elif self._body is not None:
            self._body.cancel()
            self._body = None

    def _body_late(self) -> None:
        allowed = self.limits.body_seconds + self._body_bytes / self.limits.body_rate
        left = self._body_began + allowed - self.loop.time()
        if left > 0:
            self._body = self.loop.call_later(left, self._body_late)
        else:
            self._refuse(408, "the request's body did not arrive in time; send it again, or a smaller one")

    def _refuse(self, status: int, detail: str) -> None:
        """Close the connection, with a problem where no answer has begun."""
        if self.transport.is_closing():
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in _problem(status, detail):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()


def _problem(status: int, detail: str) -> tuple[h11.Response, h11.Data, h11.EndOfMessage]:
    """An answer without the application, which has not seen the request."""
    title, kind = http.HTTPStatus(status).phrase, f"urn:clipseek:problem:http-{status}"
    facts = {"type": kind, "title": title, "status": status, "detail": detail, "next": detail.partition("; ")[2]}
    body = json.dumps(facts).encode()
    headers = [
        ("content-type", MEDIA_TYPE),
        ("content-length", str(len(body))),
        ("connection", "close"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        *([("retry-after", "2")] if status == 503 else []),
    ]
    return h11.Response(status_code=status, headers=headers, reason=title), h11.Data(data=body), h11.EndOfMessage()
