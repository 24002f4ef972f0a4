"""An OpenSearch that a unit test can hold in its hand: real HTTP on loopback, an index in memory, and failures on order.

It knows what ingest uses (index creation, mapping, mget, bulk, refresh) and nothing of search. Whether OpenSearch itself answers
like this is for the integration tests to say.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]
INFO: dict[str, Any] = {"version": {"distribution": "opensearch", "number": "2.19.1"}}
PLUGINS = [{"component": "opensearch-knn"}, {"component": "opensearch-neural-search"}]


def error(status: int, kind: str, reason: str) -> Answer:
    """An error as OpenSearch words it."""
    cause = {"type": kind, "reason": reason}
    return status, {"error": {"root_cause": [cause], **cause}, "status": status}


@dataclass
class FakeServer:
    """``orders`` are asked first, and each may answer once in the server's place; ``log`` holds every request."""

    url: str = ""
    info: Any = field(default_factory=lambda: dict(INFO))
    plugins: Any = field(default_factory=lambda: list(PLUGINS))
    indexes: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: list[Callable[[str, str, bytes], Answer | None]] = field(default_factory=list)
    item_errors: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        path, _, _ = path.partition("?")
        self.log.append((method, path))
        for order in self.orders:
            if (ordered := order(method, path, body)) is not None:
                self.orders.remove(order)
                return ordered
        if path == "/":
            return 200, self.info
        if path == "/_cat/plugins":
            return 200, self.plugins
        if path == "/_bulk":
            return 200, self._bulk(body)
        name, _, rest = path.strip("/").partition("/")
        if method == "PUT" and not rest:
            self.indexes[name] = json.loads(body)
            return 200, {"acknowledged": True}
        if method == "DELETE" and not rest:
            del self.indexes[name]
            return 200, {"acknowledged": True}
        if rest == "_mapping":
            found = {
                index: {"mappings": made["mappings"]}
                for index, made in self.indexes.items()
                if name == index or name in made.get("aliases", {})
            }
            return (200, found) if found else error(404, "index_not_found_exception", f"no such index [{name}]")
        if rest == "_mget":
            return 200, {"docs": [self._get(key) for key in json.loads(body)["ids"]]}
        if rest == "_refresh":
            return 200, {"_shards": {"failed": 0}}
        return error(400, "illegal_argument_exception", f"the fake server knows no {method} {path}")

    def _get(self, key: str) -> dict[str, Any]:
        source = {name: value for name, value in self.documents.get(key, {}).items() if name != "image_vector"}
        return {"_id": key, "found": key in self.documents, "_source": source}

    def _bulk(self, body: bytes) -> dict[str, Any]:
        lines = iter(body.decode("utf-8").splitlines())
        items = []
        for head in lines:
            ((kind, action),) = json.loads(head).items()
            source, key = json.loads(next(lines)), action["_id"]
            if waiting := self.item_errors.get(key):
                status, error_kind, reason = waiting.pop(0)
                items.append({kind: {"status": status, "error": {"type": error_kind, "reason": reason}}})
                continue
            if kind == "update":
                changed = dict(self.documents[key])
                changed.update(source["doc"])
                self.documents[key] = changed
            else:
                self.documents[key] = source
            items.append({kind: {"status": 200}})
        return {"items": items}


@contextmanager
def fake_server() -> Iterator[FakeServer]:
    """A FakeServer that listens on a free port of loopback."""
    fake = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One packet an answer: two would each wait 40 ms for the other side's delayed acknowledgement.
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            fake.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, answer = fake.answer(self.command, self.path, body)
            if status == 0:  # an order to hang up
                self.close_connection = True
                return
            text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
