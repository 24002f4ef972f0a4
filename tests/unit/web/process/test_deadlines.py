"""Clients that never finish: the connection ends in time, with a problem where one can be sent; others are answered meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from clipseek.web.process.deadlines import protocol_with
from clipseek.web.settings import Limits
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LIMITS = Limits(head_seconds=0.4, body_seconds=0.4, body_rate=10_000, write_seconds=0.4, connections=8)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how long the body was; at /large it answers 64 MB."""
    assert scope["type"] == "http"
    body = await Request(scope, receive).body()
    answer = bytes(64_000_000) if scope["path"] == "/large" else f"{len(body)} bytes".encode()
    await Response(answer)(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(
        application, port=0, http=protocol_with(LIMITS), lifespan="off", log_config=None, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), 10) as one:
        yield one


def drip(one: socket.socket, text: bytes, seconds: float = 0.05) -> None:
    """Send a byte at a time until the other side has had enough."""
    for byte in text:
        try:
            one.sendall(bytes([byte]))
        except OSError:
            return
        time.sleep(seconds)


def until(one: socket.socket, text: bytes) -> bytes:
    """What comes until ``text`` has come."""
    seen = b""
    while text not in seen:
        part = one.recv(65536)
        assert part, seen
        seen += part
    return seen


def everything(one: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts: list[bytes] = []
    while True:
        try:
            part = one.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize("first", [b"", HEAD + b"Connection: keep-alive\r\n\r\n"], ids=["at once", "after an answer"])
def test_headers_that_drip_in_are_cut_off(port: int, first: bytes) -> None:
    with connected(port) as one:
        if first:
            one.sendall(first)
            until(one, b"0 bytes")
        began = time.monotonic()
        drip(one, HEAD + b"X-Long: " + b"a" * 200)
        answer = everything(one)
        assert time.monotonic() - began < 3
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    began = time.monotonic()
    with connected(port) as one:
        assert everything(one).startswith(b"HTTP/1.1 408 ")
    assert 0.3 < time.monotonic() - began < 3


@pytest.mark.parametrize("head", [POST, POST.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked")])
def test_a_body_that_drips_in_is_cut_off(port: int, head: bytes) -> None:
    with connected(port) as one:
        one.sendall(head)
        began = time.monotonic()
        drip(one, b"1\r\na\r\n" * 30 if b"chunked" in head else b"a" * 100)
        answer = everything(one)
        assert time.monotonic() - began < 4
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_slow_upload_that_goes_on_is_taken(port: int) -> None:
    with connected(port) as one:
        one.sendall(POST.replace(b"1000", b"20000"))
        for _ in range(10):  # a second in all, longer than body_seconds
            one.sendall(b"a" * 2000)
            time.sleep(0.1)
        until(one, b"20000 bytes")


def test_who_does_not_read_the_answer_is_cut_off(port: int) -> None:
    with connected(port) as one:
        one.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(1.5)
        assert len(everything(one)) < 64_000_000


def test_others_are_answered_while_many_drip(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(LIMITS.connections - 1)]
    try:
        for one in slow:
            one.sendall(b"GET / HT")
        with connected(port) as one:
            one.sendall(HEAD + b"Connection: close\r\n\r\n")
            assert everything(one).startswith(b"HTTP/1.1 200 ")
        with connected(port) as last, connected(port) as beyond:
            time.sleep(0.1)
            assert everything(beyond).startswith(b"HTTP/1.1 503 ")
            last.close()
    finally:
        for one in slow:
            one.close()


def test_what_is_no_http_is_a_problem(port: int) -> None:
    for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"):
        with connected(port) as one:
            one.sendall(nonsense)
            answer = everything(one)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"application/problem+json" in answer


def test_two_requests_at_once_are_answered_in_turn(port: int) -> None:
    with connected(port) as one:
        one.sendall(HEAD + b"\r\n" + HEAD + b"Connection: close\r\n\r\n")
        assert everything(one).count(b"0 bytes") == 2
