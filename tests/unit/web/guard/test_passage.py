"""Many requests at once: a few are worked on, who sends slowly keeps nobody out, and every place comes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from clipseek.web.guard.gate import Gate
from clipseek.web.settings import Access, Limits, Settings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

HERE = "http://127.0.0.1:8642"


class Slow:
    """Reads the body, works for ``seconds``, and counts how many it works on at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.inside, self.most = seconds, 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(self.seconds)
            if scope["path"].endswith("/fails"):
                raise RuntimeError("broken")
        finally:
            self.inside -= 1
        await Response(b"done")(scope, receive, send)


def around(slow: Slow, **limits: float) -> httpx.AsyncClient:
    gate = Gate(slow, Settings("", access=Access(), limits=Limits(**limits)))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=httpx.ASGITransport(gate, raise_app_exceptions=False), base_url=HERE)


def test_beyond_those_who_wait_everybody_is_told_when_to_come_again() -> None:
    async def run() -> tuple[Counter[int], int, int]:
        slow = Slow(0.05)
        async with around(slow, searches=2, waiting=3, wait_seconds=5) as client:
            answers = await asyncio.gather(*(client.post("/api/v1/x", content=b"{}") for _ in range(9)))
            later = await client.post("/api/v1/x", content=b"{}")
        for answer in answers:
            if answer.status_code == 429:
                assert answer.headers["retry-after"] == "1"
                assert answer.headers["content-type"] == "application/problem+json"
        return Counter(answer.status_code for answer in answers), slow.most, later.status_code

    assert asyncio.run(run()) == ({200: 5, 429: 4}, 2, 200)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_place_comes_back_after_failures(method: str) -> None:
    async def run() -> list[int]:
        async with around(Slow(0), searches=1, waiting=0) as client:
            return [(await client.request(method, "/api/v1/fails")).status_code for _ in range(3)]

    assert asyncio.run(run()) == [500, 500, 500]


def test_who_sends_slowly_takes_no_place() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x"
            await asyncio.sleep(0.03)

    async def run() -> list[int]:
        async with around(Slow(0), searches=1, waiting=0) as client:
            uploads = [asyncio.create_task(client.post("/api/v1/x", content=slowly())) for _ in range(3)]
            await asyncio.sleep(0.05)
            quick = [(await client.post("/api/v1/x", content=b"{}")).status_code for _ in range(5)]
            await asyncio.gather(*uploads)
            return quick

    assert asyncio.run(run()) == [200] * 5


def test_pictures_and_searches_do_not_wait_for_each_other() -> None:
    async def run() -> tuple[int, int]:
        async with around(Slow(0.2), searches=1, pictures=1, waiting=0) as client:
            search, picture = await asyncio.gather(client.get("/api/v1/x"), client.get("/thumbnails/x?id=1"))
            return search.status_code, picture.status_code

    assert asyncio.run(run()) == (200, 200)


def test_health_is_answered_whatever_waits() -> None:
    async def run() -> int:
        async with around(Slow(0.2), searches=1, waiting=0) as client:
            busy = asyncio.create_task(client.get("/api/v1/x"))
            await asyncio.sleep(0.05)
            status = (await client.get("/healthz")).status_code
            await busy
            return status

    assert asyncio.run(run()) == 200
