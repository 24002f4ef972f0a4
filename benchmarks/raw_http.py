"""The requests that a search sends, kept and sent again over one raw keep-alive connection."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson


class Recorder:
    """What the client's transport sends to ``_search``, kept in ``sent`` while it records: path with parameters, and body."""

    def __init__(self, client: Any) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self._recording = False
        send = client.transport.perform_request

        def recorded(method: str, url: str, *more: Any, **named: Any) -> Any:
            if self._recording and url.partition("?")[0].endswith("/_search"):
                path = f"{url}?{urlencode(named['params'])}" if named.get("params") else url
                body = named["body"]
                self.sent.append((path, body if isinstance(body, bytes) else orjson.dumps(body)))
            return send(method, url, *more, **named)

        client.transport.perform_request = recorded

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[tuple[str, bytes]]]:
        self.sent, self._recording = [], True
        yield self.sent
        self._recording = False


class Raw:
    """One kept-alive connection and nothing else."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 9200)

    def ask(self, path: str, body: bytes) -> bytes:
        self._connection.request("POST", path, body, {"content-type": "application/json"})
        return self._connection.getresponse().read()

    def both(self, requests: list[tuple[str, bytes]]) -> tuple[float, list[bytes]]:
        """A search's requests one after another: (milliseconds of the first, all answers)."""
        milliseconds, first = timed(self.ask, *requests[0])
        return milliseconds, [first, *(self.ask(*request) for request in requests[1:])]


def timed(call: Any, *arguments: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = call(*arguments)
    return 1e3 * (time.perf_counter() - began), answer
