"""opensearch-py's connection on the standard library's HTTP client alone.

For http only, where a search of two milliseconds pays a tenth of its time for what urllib3 puts between (its pool, its
retries, its response object; benchmarks/search_request.py). Over https the connection is opensearch-py's own, on urllib3.
"""

from __future__ import annotations

import contextlib
import http.client
import time
import weakref
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from opensearchpy.connection import Connection
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import ConnectionTimeout
from urllib3.util import wait_for_read


class PlainHttpConnection(Connection):
    """Kept-alive connections to one server; any number of threads, each of which has one for the time of its request.

    ``pool_maxsize``: so many are kept when nobody uses them. ``timeout`` is in seconds, for connecting and for each wait.
    A user's password comes in ``headers``.
    """

    def __init__(
        self, host: str = "localhost", port: int | None = None, *, pool_maxsize: int = 4, **options: Any
    ) -> None:
        super().__init__(host, port, **options)
        if self.use_ssl or self.http_compress:
            raise ValueError("plain http only: no TLS, no compression")
        self._kept = pool_maxsize
        self._idle: deque[http.client.HTTPConnection] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def perform_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        ignore: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], str]:
        """(status, headers, text) of the answer. Raises opensearch-py's TransportError: ConnectionError where none came,
        ConnectionTimeout, and those of a status that is neither 2xx nor in ``ignore``.
        """
        path = self.url_prefix + url + (f"?{urlencode(params)}" if params else "")
        sent = {**self.headers, **headers} if headers else self.headers
        wait = self.timeout if timeout is None else timeout
        began = time.perf_counter()
        try:
            connection = self._connection(wait)
            try:
                if connection.sock is None:
                    connection.connect()
                connection.sock.sendall(request_bytes(method, path, connection, sent, body))
                response = http.client.HTTPResponse(connection.sock, method=method)
                response.begin()
                text = response.read().decode("utf-8", "surrogatepass")
            except BaseException:  # an interrupt too: an answer that nobody read would be the next request's
                connection.close()
                raise
        except (OSError, http.client.HTTPException) as problem:
            seconds = time.perf_counter() - began
            self.log_request_fail(method, self.host + path, path, body, seconds, exception=problem)
            if isinstance(problem, TimeoutError):
                raise ConnectionTimeout("TIMEOUT", str(problem), problem) from problem
            raise NoConnection("N/A", repr(problem), problem) from problem
        seconds = time.perf_counter() - began
        if response.will_close or len(self._idle) >= self._kept:
            connection.close()
        else:
            self._idle.append(connection)
        answered = {name.lower(): value for name, value in response.headers.raw_items()}
        if "warning" in answered:
            self._raise_warnings(response.headers.get_all("warning", ()))
        if not 200 <= response.status < 300 and response.status not in ignore:
            self.log_request_fail(method, self.host + path, path, body, seconds, response.status, text)
            self._raise_error(response.status, text, answered.get("content-type"))
        self.log_request_success(method, self.host + path, path, body, response.status, text, seconds)
        return response.status, answered, text

    def _connection(self, wait: float) -> http.client.HTTPConnection:
        """One that was kept and is still open, else a new one, not yet connected."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return http.client.HTTPConnection(self.hostname, self.port, timeout=wait)
            # Something to read before anything was asked is the server's farewell.
            if connection.sock is not None and not wait_for_read(connection.sock, 0):
                connection.sock.settimeout(wait)
                return connection
            connection.close()

    def close(self) -> None:
        """Close what nobody uses."""
        _close_all(self._idle)


def request_bytes(
    method: str, path: str, server: http.client.HTTPConnection, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    """The whole request, to be sent in one piece: ``http.client`` sends a body apart, which costs two packets and the server
    two readings. Raises ValueError for what would be more than one request.
    """
    host = f"[{server.host}]" if ":" in server.host else server.host
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{server.port}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body or b'')}")
    head = "\r\n".join([*lines, "", ""])
    if lines[0].count(" ") != 2 or not head.count("\n") == head.count("\r") == len(lines) + 1:
        raise ValueError(f"no request can be made of {method} {path!r} and these headers")
    return head.encode("latin-1") + (body or b"")


def _close_all(connections: deque[http.client.HTTPConnection]) -> None:
    with contextlib.suppress(IndexError):
        while True:
            connections.pop().close()
