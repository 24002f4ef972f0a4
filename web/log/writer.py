"""Records on their way to the server: held in memory, written in bulk by one thread. A search never waits for them.

What the server does not take is dropped and counted, and said once in the service's log: searching goes on without its log.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import opensearchpy
import orjson
from clipseek.opensearch.errors import OpenSearchError
from clipseek.opensearch.index.own_records import RecordIndex

from .indexes import LogIndexes

_LOG = logging.getLogger("clipseek.web")
#: Records that are held at most, those of one bulk, and how long a record waits for others.
MOST, BULK, SECONDS = 10_000, 500, 1.0
#: How long what is held may take to be written when the service stops.
_LAST_SECONDS = 3.0


@dataclass(frozen=True)
class Record:
    """A document to be written under ``id``, in place of the one before; a ``body`` of None takes it away."""

    kind: RecordIndex
    id: str
    body: dict[str, Any] | None = field(repr=False)


class LogWriter:
    """``count(kind, written, number)`` is told what became of records. Thread-safe."""

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        indexes: LogIndexes,
        count: Callable[[RecordIndex, bool, int], None],
    ) -> None:
        self._client, self._indexes, self._count = client, indexes, count
        self._held: deque[Record] = deque()
        self._lock, self._wake, self._stop = threading.Lock(), threading.Event(), threading.Event()
        self._opened, self._dropped = False, 0
        self._thread = threading.Thread(target=self._work, name="clipseek-log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, record: Record) -> None:
        """Hold the record until it is written. Returns at once; what is too much is dropped."""
        with self._lock:
            room = len(self._held) < MOST
            if room:
                self._held.append(record)
            full = len(self._held) >= BULK
        if not room:
            self._lost([record], "more searches are made than the search server takes records of")
        if full:
            self._wake.set()

    def close(self) -> None:
        """Write what is held, as far as that takes some seconds at most, and end."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_SECONDS)

    def _work(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(SECONDS)
            self._wake.clear()
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        while batch := self._taken():
            try:
                self._write(batch)
            except OpenSearchError as problem:
                self._opened = False
                self._lost(batch, str(problem))
            except Exception as problem:  # a thread that ends would hold records for ever
                _LOG.exception("records of searches could not be written")
                self._lost(batch, repr(problem))

    def _taken(self) -> list[Record]:
        with self._lock:
            return [self._held.popleft() for _ in range(min(BULK, len(self._held)))]

    def _write(self, batch: list[Record]) -> None:
        names = self._indexes.kinds
        # An index that somebody deleted would be made anew by the bulk, with types that the server guesses.
        if not self._opened or not self._client.indices.exists(index=",".join(names.values())):
            self._indexes.opened(self._client)
            self._opened = True
        lines: list[bytes] = []
        for record in batch:
            place = {"_index": names[record.kind], "_id": record.id}
            if record.body is None:
                lines.append(orjson.dumps({"delete": place}))
            else:
                lines += [orjson.dumps({"index": place}), orjson.dumps(record.body)]
        answer = self._client.bulk(body=b"\n".join(lines) + b"\n")
        done = [_taken_by(item) for item in answer["items"]]
        self._told(batch, done)
        refused = [record for record, error in zip(batch, done, strict=True) if error]
        if refused:
            self._lost(refused, next(error for error in done if error))
        else:
            self._back()

    def _told(self, batch: list[Record], done: list[str]) -> None:
        for kind, number in Counter(r.kind for r, error in zip(batch, done, strict=True) if not error).items():
            self._count(kind, True, number)

    def _lost(self, records: list[Record], why: str) -> None:
        for kind, number in Counter(record.kind for record in records).items():
            self._count(kind, False, number)
        with self._lock:
            first, self._dropped = self._dropped == 0, self._dropped + len(records)
        if first:
            _LOG.warning("searches are answered and not logged until this is mended: %s", why)

    def _back(self) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            _LOG.warning("searches are logged again; %d records were dropped", dropped)


def _taken_by(item: dict[str, Any]) -> str:
    """Why the server did not take one item of a bulk; "" where it did. What is to be deleted may be gone already."""
    ((action, result),) = item.items()
    if result["status"] < 300 or (action == "delete" and result["status"] == 404):
        return ""
    return str((result.get("error") or {}).get("reason") or f"status {result['status']}")
