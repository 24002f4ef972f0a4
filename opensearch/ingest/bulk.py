"""Bulk requests in the background: actions are collected into bounded bulks, which a thread of their own sends. Every item's
status is read, and what the server was too busy for is sent again.

Each action may be sent twice without harm: it names its document.
"""

from __future__ import annotations

import contextlib
import queue
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import opensearchpy
from clipseek.sources import Skipped

from ..errors import IndexReadOnly, IngestFailed, OpenSearchError, RequestRefused, TimedOut, Unreachable
from ..server.address import address
from ..server.failures import refusal

#: Of one bulk; and how long an action waits for others.
MAX_ACTIONS, MAX_BYTES, MAX_SECONDS = 500, 5 << 20, 2.0
TIMEOUT_SECONDS = 120.0
#: Too busy, or not there for a moment: worth another try. 409 is a document that somebody else wrote meanwhile.
_BUSY = frozenset((409, 429, 502, 503, 504))
_ANSWER = "items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"


@dataclass(frozen=True)
class Action:
    """One document's two lines of a bulk body."""

    kind: Literal["index", "update"]
    path: Path
    body: bytes


@dataclass(frozen=True)
class Retry:
    """How often and how long: the n-th pause is about ``first_seconds`` * 2**n, at most ``longest_seconds``, less a
    random part.
    """

    attempts: int = 9
    first_seconds: float = 0.5
    longest_seconds: float = 20.0

    def pause(self, attempt: int) -> float:
        """Seconds after the failed ``attempt``, counted from 0.

        Random, so that several writers do not come back together.
        """
        return min(self.longest_seconds, self.first_seconds * 2.0**attempt) * random.uniform(0.5, 1.0)


class BulkWriter:
    """Collects actions and sends them in order, by one thread; a context manager. At most three bulks are held at a time.

    ``indexed`` and ``updated`` count what the server has confirmed so far, ``rejected`` are the pictures whose actions it will
    never take. ``add`` and ``finish`` raise what the thread ran into: IngestFailed after the last try, or the server's refusal.
    Leaving the context without ``finish`` drops what was not sent.
    """

    def __init__(self, client: opensearchpy.OpenSearch, retry: Retry) -> None:
        self._client, self._retry = client, retry
        self.indexed = self.updated = 0
        self.rejected: list[Skipped] = []
        self._collected: list[Action] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._queue: queue.Queue[list[Action] | None] = queue.Queue(maxsize=1)
        self._stop = threading.Event()
        self._problem: BaseException | None = None
        # A daemon: Ctrl-C must not wait for a server that does not answer.
        self._thread = threading.Thread(target=self._work, name="clipseek-bulk", daemon=True)

    def __enter__(self) -> BulkWriter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)

    def add(self, action: Action) -> None:
        """Take one action; blocks while the server is behind."""
        if self._problem is not None:
            raise self._problem
        if self._collected and self._bytes + len(action.body) > MAX_BYTES:
            self._flush()
        if not self._collected:
            self._since = time.monotonic()
        self._collected.append(action)
        self._bytes += len(action.body)
        # By time too: what a slow model has encoded for minutes must not be lost to a kill.
        if len(self._collected) >= MAX_ACTIONS or time.monotonic() - self._since > MAX_SECONDS:
            self._flush()

    def finish(self) -> None:
        """Send the rest and wait for every answer."""
        self._flush()
        self._queue.put(None)
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _flush(self) -> None:
        """Hand over what is collected, without waiting for the answer."""
        if self._collected:
            self._queue.put(self._collected)
            self._collected, self._bytes = [], 0

    def _work(self) -> None:
        while (actions := self._queue.get()) is not None:
            if self._stop.is_set():
                return
            # After a problem the queue is still emptied: nobody may block on it.
            if self._problem is None:
                try:
                    self._send(actions)
                except BaseException as problem:
                    self._problem = problem

    def _send(self, actions: Sequence[Action]) -> None:
        """Send ``actions`` as one bulk; only what the server was too busy for is sent again.

        Raises IngestFailed when the last try failed too, IndexReadOnly and AccessRefused at once.
        """
        reason = ""
        for attempt in range(self._retry.attempts):
            try:
                actions, reason = self._send_once(actions)
            except (Unreachable, TimedOut) as problem:
                reason = str(problem)
            except RequestRefused as problem:
                if problem.status == 413 and len(actions) > 1:
                    for half in (actions[: len(actions) // 2], actions[len(actions) // 2 :]):
                        self._send(half)
                    return
                if problem.status not in _BUSY:
                    raise
                reason = str(problem)
            if not actions:
                return
            if attempt + 1 < self._retry.attempts:
                self._stop.wait(self._retry.pause(attempt))
        raise IngestFailed(
            f"{len(actions)} documents could not be indexed in {self._retry.attempts} tries ({reason}); run the same command "
            "again: what is in the index is not encoded again"
        )

    def _send_once(self, actions: Sequence[Action]) -> tuple[list[Action], str]:
        """The actions to send again, and the last reason for that."""
        server = address(self._client)
        answer: Any = self._client.transport.perform_request(
            "POST",
            "/_bulk",
            params={"filter_path": _ANSWER},
            body=b"".join(action.body for action in actions),
            timeout=TIMEOUT_SECONDS,
            headers={"content-type": "application/x-ndjson"},
        )
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list) or len(items) != len(actions):
            raise OpenSearchError(
                f"{server} answered a bulk of {len(actions)} without a status for each; is there a proxy in between?"
            )
        again: list[Action] = []
        why = ""
        for action, entry in zip(actions, items, strict=True):
            result = next(iter(entry.values()))
            status = int(result.get("status", 0))
            if 200 <= status < 300:
                self.indexed += action.kind == "index"
                self.updated += action.kind == "update"
                continue
            problem = refusal(server, status, result.get("error") or f"status {status}")
            if isinstance(problem, IndexReadOnly) or status in (401, 403):
                raise problem
            if status in _BUSY:
                again.append(action)
                why = str(problem)
            else:
                self.rejected.append(Skipped(action.path, "refused by the server", str(problem)))
        return again, why
