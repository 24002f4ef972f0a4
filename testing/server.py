"""An OpenSearch that a test can hold in its hand: real HTTP on loopback, indexes in memory, and failures on demand.

It knows what ``ingest`` uses, and of searching what ``search.py`` says. Whether OpenSearch itself answers like this is for tests
against a real one to say.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from clipseek.opensearch.index.own_records import RECORDS

from .access import Admits, Request, admits_all
from .listening import Handler, listening
from .search import Unknown, search

#: Status and body: an object to be sent as JSON, or bytes. A status of 0 hangs up without an answer.
Answer: TypeAlias = tuple[int, Any]
UNAUTHORIZED: Answer = (401, b"Unauthorized")
PLUGINS = ("opensearch-knn", "opensearch-neural-search")


def error(status: int, kind: str, reason: str) -> Answer:
    """An error as OpenSearch words it."""
    cause = {"type": kind, "reason": reason}
    return status, {"error": {"root_cause": [cause], **cause}, "status": status}


@dataclass
class FakeServer:
    """The state of a fake server, open to be looked at and changed while it runs.

    ``info`` and ``plugins`` are what it says it is. ``indexes`` holds each index's body by its name, ``documents`` those of all
    indexes together by their id, ``states`` how often each was written, ``records`` those of clipseek's own indexes, like
    ``clipseek-ingests``, by index, and ``record_mappings`` how these were made. ``interceptors`` are called first, with method,
    path and body; one that returns an answer is used up. ``item_errors`` are what the next bulks answer for an id, one after the
    other: status, kind, reason. ``admits`` says who comes in (``access.py``); others are answered 401. ``log`` has method and
    path of every request, ``headers`` its headers.
    """

    url: str = ""
    info: Any = field(default_factory=lambda: {"version": {"distribution": "opensearch", "number": "2.19.1"}})
    plugins: Any = field(default_factory=lambda: [{"component": name} for name in PLUGINS])
    indexes: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    record_mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    interceptors: list[Callable[[str, str, bytes], Answer | None]] = field(default_factory=list)
    item_errors: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)
    admits: Admits = admits_all
    log: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """The answer to one request; ``target`` is its path and query."""
        parts = urlsplit(target)
        self.log.append((method, parts.path))
        for interceptor in self.interceptors:
            if (intercepted := interceptor(method, parts.path, body)) is not None:
                self.interceptors.remove(interceptor)
                return intercepted
        try:
            match method, *unquote(parts.path).strip("/").split("/"):
                case _, "":
                    return 200, self.info
                case _, "_cat", "plugins":
                    return 200, self.plugins
                case _, "_alias", name:
                    aliases = {own: {"aliases": made.get("aliases", {})} for own, made in self.indexes.items()}
                    found = {own: value for own, value in aliases.items() if name in value["aliases"]}
                    return (
                        (200, found) if found else error(404, "aliases_not_found_exception", f"alias [{name}] missing")
                    )
                case _, "_bulk":
                    lines = map(json.loads, body.splitlines())
                    return 200, {"items": [self._write(head, lines) for head in lines]}
                case _, name, *_ if name in RECORDS:
                    return self._record(method, name, parts.path, body)
                case "PUT", name if name in self.indexes:
                    return error(400, "resource_already_exists_exception", f"index [{name}] already exists")
                case "PUT", name:
                    self.indexes[name] = json.loads(body)
                    return 200, {"acknowledged": True}
                case "DELETE", name:
                    del self.indexes[name]
                    return 200, {"acknowledged": True}
                case _, name, "_mapping":
                    behind = [own for own, made in self.indexes.items() if name in (own, *made.get("aliases", ()))]
                    mappings = {own: {"mappings": self.indexes[own]["mappings"]} for own in behind}
                    return (200, mappings) if behind else error(404, "index_not_found_exception", f"no index [{name}]")
                case _, _, "_mget":
                    fields = parse_qs(parts.query).get("_source_includes", [""])[-1].split(",")
                    return 200, {"docs": [self._read(key, fields) for key in json.loads(body)["ids"]]}
                case _, _, "_analyze":
                    terms = re.finditer(r"\w+", json.loads(body)["text"])
                    return 200, {"tokens": [{"start_offset": it.start(), "end_offset": it.end()} for it in terms]}
                case _, _, "_refresh" | "_flush" | "_forcemerge":
                    return 200, {"_shards": {"failed": 0}}
                case _, _, "_stats", *_:
                    return 200, {"_all": {"primaries": {"docs": {"count": len(self.documents), "deleted": 0}}}}
                case _, _, "_search":
                    return 200, search(json.loads(body), self.documents)
                case _, _, "_msearch":
                    bodies = map(json.loads, body.splitlines()[1::2])
                    return 200, {"took": 1, "responses": [search(each, self.documents) for each in bodies]}
            raise Unknown(f"{method} {parts.path}")
        except Unknown as problem:
            return error(400, "illegal_argument_exception", f"the fake server knows no {problem}")

    def _record(self, method: str, name: str, path: str, body: bytes) -> Answer:
        """Make an index of records, say how it was made, or put a document into it."""
        if method == "GET" and path.endswith("/_mapping"):
            made = self.record_mappings.get(name)
            missing = error(404, "index_not_found_exception", f"no index [{name}]")
            return (200, {name: {"mappings": made}}) if made is not None else missing
        if method == "POST" and path.endswith("/_doc"):
            self.records[name].append(json.loads(body))
        elif method == "PUT" and path.endswith(f"/{name}"):
            if name in self.records:
                return error(400, "resource_already_exists_exception", f"index [{name}] already exists")
            self.record_mappings[name], self.records[name] = json.loads(body)["mappings"], []
        return 200, {"acknowledged": True}

    def _read(self, key: str, fields: list[str]) -> dict[str, Any]:
        source = {name: value for name, value in self.documents.get(key, {}).items() if name in fields}
        state = {"_seq_no": self.states.get(key, 0), "_primary_term": 1}
        return {"_id": key, "found": key in self.documents, "_source": source, **state}

    def _write(self, head: dict[str, Any], lines: Iterator[dict[str, Any]]) -> dict[str, Any]:
        """Put a document, change or delete one; its item of a bulk's answer."""
        ((kind, action),) = head.items()
        key = action["_id"]
        source = {} if kind == "delete" else next(lines)
        if waiting := self.item_errors.get(key):
            status, error_kind, reason = waiting.pop(0)
            return {kind: {"status": status, "error": {"type": error_kind, "reason": reason}}}
        there = key in self.documents
        if (kind == "create" and there) or action.get("if_seq_no", self.states.get(key, 0)) != self.states.get(key, 0):
            return {kind: {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "conflict"}}}
        if kind == "update" and not there:
            return {kind: {"status": 404, "error": {"type": "document_missing_exception", "reason": "missing"}}}
        self.states[key] = self.states.get(key, 0) + 1
        if kind == "delete":
            self.documents.pop(key, None)
        else:
            self.documents[key] = _merged(self.documents[key], source["doc"]) if kind == "update" else source
        return {kind: {"status": 200}}


def _merged(document: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """A partial update merges objects, and takes any other value as it is."""
    both = {
        name: _merged(document[name], value)
        for name, value in changed.items()
        if isinstance(value, dict) and isinstance(document.get(name), dict)
    }
    return {**document, **changed, **both}


@contextmanager
def fake_server(tls: ssl.SSLContext | None = None) -> Iterator[FakeServer]:
    """A FakeServer that listens on a free port of loopback; with ``tls`` it speaks https."""
    fake = FakeServer()

    class Answering(Handler):
        protocol_version = "HTTP/1.1"
        # One packet an answer: two would each wait 40 ms for the other side's delayed acknowledgement.
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            fake.headers.append({name.lower(): value for name, value in self.headers.items()})
            request = Request(self.command, self.path, fake.headers[-1], body)
            status, answer = fake.answer(self.command, self.path, body) if fake.admits(request) else UNAUTHORIZED
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

    with listening(Answering, tls=tls) as fake.url:
        yield fake
