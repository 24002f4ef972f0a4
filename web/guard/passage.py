"""A request on its way through: its body counted, its place in the lane taken once the body is whole."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .lanes import Lane, Upload

#: After a refusal this much of the body is read and dropped, so that the client, still sending, gets to read the answer.
_DROPPED_BYTES = 16_000_000
_DROPPED_SECONDS = 2.0


class Passage:
    """Takes one request to ``app``, or answers it with one of ``refusals``.

    A place in the lane is taken when the last byte of the body is here: who sends slowly keeps nobody out.
    """

    def __init__(
        self, app: ASGIApp, *, limit: int, upload: Upload, lane: Lane | None, refusal: Callable[[str], Response]
    ) -> None:
        self.app, self.limit, self.upload, self.lane, self.refusal = app, limit, upload, lane, refusal
        self._taken = 0
        self._inside = False
        self._started = False
        self._refused = ""

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > self.limit:
            self._refused = "large"
        elif not has_body(scope) and not await self._enter():
            self._refused = "busy"
        try:
            if not self._refused:
                await self.app(scope, self._counted(receive), self._kept_back(send))
        except asyncio.CancelledError:
            raise
        except Exception:
            if not self._refused:
                raise
        finally:
            self.upload.release(self._taken)
            if self._inside and self.lane is not None:
                self.lane.leave()
        if self._refused and not self._started:
            await answer_and_drop(self.refusal(self._refused), scope, receive, send)

    async def _enter(self) -> bool:
        if self.lane is not None and not self._inside:
            self._inside = await self.lane.enter()
            return self._inside
        return True

    def _counted(self, receive: Receive) -> Receive:
        async def next_part() -> Message:
            if self._refused:
                return {"type": "http.disconnect"}
            message = await receive()
            if message["type"] != "http.request":
                return message
            size = len(message.get("body", b""))
            self._taken += size
            if not self.upload.take(size):
                self._refused = "busy"
            if self._taken > self.limit:
                self._refused = "large"
            if not self._refused and not message.get("more_body") and not await self._enter():
                self._refused = "busy"
            return {"type": "http.disconnect"} if self._refused else message

        return next_part

    def _kept_back(self, send: Send) -> Send:
        async def pass_on(message: Message) -> None:
            if self._refused and not self._started:
                return  # what the application makes of a request that broke off
            self._started = True
            await send(message)

        return pass_on


def has_body(scope: Scope) -> bool:
    """Whether a body follows the headers."""
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


async def answer_and_drop(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a refusal, then read on for a while: a socket closed on unread bytes would take the answer back."""
    if not has_body(scope):
        await answer(scope, receive, send)
        return
    answer.headers["connection"] = "close"
    held: list[Message] = []

    async def hold_the_end(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            message = {**message, "more_body": True}
            held.append({"type": "http.response.body", "body": b"", "more_body": False})
        await send(message)

    async def drop() -> None:
        dropped = 0
        while dropped < _DROPPED_BYTES:
            message = await receive()
            dropped += len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                return

    await answer(scope, receive, hold_the_end)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(drop(), _DROPPED_SECONDS)
    for message in held:
        await send(message)
