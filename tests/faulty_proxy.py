"""A proxy on the way to a server that does with requests what networks and proxies do to them, drawn at random."""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from clipseek.opensearch.server.address import parse_address
from clipseek.opensearch.server.credentials.settings import read_settings
from clipseek.opensearch.server.credentials.tls import tls_context
from clipseek.testing.listening import Handler, listening

#: What may become of a request; those that are ``sent`` reach the server all the same.
FAULTS = ("drop", "drop the answer", "delay", "duplicate", "429", "503", "413")


@dataclass
class Proxy:
    """``share`` of the requests meet one of ``faults``; ``done`` counts them. Bodies above ``limit`` bytes are always answered 413
    before they are read, as a proxy's limit does it."""

    url: str = ""
    share: float = 1 / 3
    faults: tuple[str, ...] = FAULTS
    limit: int | None = None
    retry_after: str = "0"
    seed: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._drawn = random.Random(self.seed)
        self._lock = threading.Lock()
        self._bulks = 0

    def draw(self, path: str) -> str:
        """The fault of a request, or none. A 413 is for bulks alone, as nothing else can be made smaller: every third one."""
        with self._lock:
            if self.faults == ("413",) and path.startswith("/_bulk"):
                self._bulks += 1
                fault = "413" if self._bulks % 3 == 1 else ""
                self.done[fault or "passed"] += 1
                return fault
            fault = self._drawn.choice(self.faults) if self._drawn.random() < self.share else ""
            fault = "503" if fault == "413" and not path.startswith("/_bulk") else fault
            self.done[fault or "passed"] += 1
        return fault


@contextmanager
def faulty_proxy(upstream: str, **settings: Any) -> Iterator[Proxy]:
    """A proxy to the server at ``upstream``, on a free port of loopback."""
    proxy, there = Proxy(**settings), parse_address(upstream)
    tls = tls_context(read_settings(there, os.environ)) if there.scheme == "https" else None

    def connection() -> http.client.HTTPConnection:
        if tls is not None:
            return http.client.HTTPSConnection(there.host, there.port, timeout=60, context=tls)
        return http.client.HTTPConnection(there.host, there.port, timeout=60)

    class Answering(Handler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            fault = proxy.draw(self.path)
            if (proxy.limit is not None and length > proxy.limit) or (fault == "413" and length > 2000):
                self._early(413)
                return
            body = self.rfile.read(length)
            if fault == "drop":
                self.close_connection = True
            elif fault in ("429", "503"):
                self._answer(int(fault), b'{"error": "busy"}', {"retry-after": proxy.retry_after})
            else:
                if fault == "delay":
                    time.sleep(0.05)
                if fault == "duplicate":
                    self._forward(body)
                status, answer = self._forward(body)
                if fault == "drop the answer":
                    self.close_connection = True
                else:
                    self._answer(status, answer, {})

        def _early(self, status: int) -> None:
            """Answered while the client still sends, and hung up."""
            self._answer(status, b"<html>too large</html>", {"connection": "close"}, "text/html")
            self.close_connection = True

        def _forward(self, body: bytes) -> tuple[int, bytes]:
            server = connection()
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            server.request(self.command, self.path, body, kept)
            answer = server.getresponse()
            try:
                return answer.status, answer.read()
            finally:
                server.close()

        def _answer(self, status: int, body: bytes, headers: dict[str, str], kind: str = "application/json") -> None:
            self.send_response(status)
            for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

    with listening(Answering) as proxy.url:
        yield proxy
