"""The connection alone, against a real server on loopback that tells which connection each request came by."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import opensearchpy
import pytest
from clipseek.opensearch.server.plain_http import PlainHttpConnection, request_bytes
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import ConnectionTimeout, NotFoundError, RequestError


@dataclass
class Seen:
    """What the server was asked: (the client's port, method, path, body, headers) of each request."""

    port: int = 0
    asked: list[tuple[int, str, str, bytes, dict[str, str]]] = field(default_factory=list)

    @property
    def ports(self) -> list[int]:
        return [asked[0] for asked in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: Seen

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.seen.asked.append((self.client_address[1], self.command, self.path, body, dict(self.headers)))
        path = self.path.partition("?")[0]
        if path == "/slow":
            time.sleep(0.5)
        status = int(path[1:]) if path[1:].isdigit() else 200
        text = '{"sent": "Ünïcode 𝄞"}'.encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        if path == "/warned":
            self.send_header("warning", '299 OpenSearch-2.19.1-abc "this is deprecated"')
        if path == "/last":
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text[:5] if path == "/short" else text)
        if path in ("/short", "/hangup"):  # the second says nothing of it: only the next request will notice
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def seen() -> Iterator[Seen]:
    seen = Seen()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"seen": seen}))
    httpd.daemon_threads = True
    seen.port = httpd.server_address[1]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield seen
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def connection(seen: Seen) -> Iterator[PlainHttpConnection]:
    connection = PlainHttpConnection("127.0.0.1", seen.port, timeout=5)
    yield connection
    connection.close()


def test_requests_one_after_the_other_share_a_connection(connection: PlainHttpConnection, seen: Seen) -> None:
    for number in range(3):
        status, headers, text = connection.perform_request("POST", "/index/_search", {"size": number}, b'{"a": 1}')
        assert (status, headers["content-type"]) == (200, "application/json")
        assert text == '{"sent": "Ünïcode 𝄞"}'
    assert len(set(seen.ports)) == 1
    assert seen.asked[2][1:4] == ("POST", "/index/_search?size=2", b'{"a": 1}')


def test_head_then_get(connection: PlainHttpConnection, seen: Seen) -> None:
    assert connection.perform_request("HEAD", "/index")[2] == ""
    assert connection.perform_request("GET", "/index")[2]
    assert len(set(seen.ports)) == 1


def test_what_is_sent_with_each_request_and_with_one(seen: Seen) -> None:
    connection = PlainHttpConnection(
        "127.0.0.1", seen.port, headers={"Authorization": "Basic x"}, url_prefix="/search/"
    )
    connection.perform_request("GET", "/a", headers={"x-opaque-id": "7"})
    connection.perform_request("GET", "/b")
    first, second = ({name.lower(): value for name, value in asked[4].items()} for asked in seen.asked)
    assert [asked[2] for asked in seen.asked] == ["/search/a", "/search/b"]
    assert first["authorization"] == second["authorization"] == "Basic x"
    assert first["content-type"] == "application/json"
    assert (first["x-opaque-id"], second.get("x-opaque-id")) == ("7", None)
    connection.close()


@pytest.mark.parametrize("path", ["/last", "/hangup"])
def test_a_connection_that_the_server_closed_is_not_used_again(
    path: str, connection: PlainHttpConnection, seen: Seen
) -> None:
    assert connection.perform_request("GET", path)[0] == 200
    time.sleep(0.05)
    assert connection.perform_request("GET", "/")[0] == 200
    assert len(set(seen.ports)) == 2


def test_a_status_that_is_an_error_leaves_the_connection_whole(connection: PlainHttpConnection, seen: Seen) -> None:
    with pytest.raises(NotFoundError) as missing:
        connection.perform_request("GET", "/404")
    assert missing.value.info == {"sent": "Ünïcode 𝄞"}
    with pytest.raises(RequestError):
        connection.perform_request("GET", "/400")
    assert connection.perform_request("GET", "/404", ignore=(404,))[0] == 404
    assert len(set(seen.ports)) == 1


def test_an_answer_that_comes_too_late_is_never_the_next_ones(connection: PlainHttpConnection, seen: Seen) -> None:
    with pytest.raises(ConnectionTimeout):
        connection.perform_request("GET", "/slow", timeout=0.05)
    assert connection.perform_request("GET", "/404", ignore=(404,))[0] == 404
    assert len(set(seen.ports)) == 2


def test_the_time_allowed_is_that_of_each_request(connection: PlainHttpConnection) -> None:
    connection.perform_request("GET", "/", timeout=0.05)
    assert connection.perform_request("GET", "/slow")[0] == 200


def test_an_answer_cut_short(connection: PlainHttpConnection) -> None:
    with pytest.raises(NoConnection, match="IncompleteRead"):
        connection.perform_request("GET", "/short")


def test_threads_do_not_share_a_connection_while_they_use_it(seen: Seen) -> None:
    connection = PlainHttpConnection("127.0.0.1", seen.port, pool_maxsize=2)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: connection.perform_request("GET", "/slow")[0], range(6)))
    assert answers == [200] * 6
    assert len(set(seen.ports)) == 6
    del seen.asked[:]
    for _ in range(3):
        connection.perform_request("GET", "/")
    assert len(set(seen.ports)) == 1, "two were kept, and one of them serves one caller"
    connection.close()


def test_the_servers_warnings_are_shown(connection: PlainHttpConnection) -> None:
    with pytest.warns(opensearchpy.exceptions.OpenSearchWarning, match="this is deprecated"):
        connection.perform_request("GET", "/warned")


def test_an_ipv6_address() -> None:
    assert PlainHttpConnection("::1", 9200).host == "http://[::1]:9200"


def test_only_plain_http() -> None:
    with pytest.raises(ValueError, match="plain http only"):
        PlainHttpConnection("localhost", use_ssl=True)
    with pytest.raises(ValueError, match="plain http only"):
        PlainHttpConnection("localhost", http_compress=True)


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX:1"])
def test_no_path_makes_a_second_request(path: str) -> None:
    with pytest.raises(ValueError, match="no request can be made"):
        request_bytes("GET", path, http.client.HTTPConnection("localhost", 9), {}, None)


def test_a_request_is_one_piece_with_the_length_of_its_body() -> None:
    sent = request_bytes("POST", "/x", http.client.HTTPConnection("::1", 9), {"a": "b"}, b"{}")
    assert (
        sent == b"POST /x HTTP/1.1\r\nHost: [::1]:9\r\nAccept-Encoding: identity\r\na: b\r\nContent-Length: 2\r\n\r\n{}"
    )
