"""Bulk requests in the background: actions are collected into bounded bulks, and sent by a thread of their own."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from types import TracebackType

import opensearchpy

from .bulk import Action, Retry, Tally, send


class BulkWriter:
    """Collects actions and sends them in order, by one thread; a context manager. At most three bulks are held at a time.

    ``add`` and ``finish`` raise what the thread ran into: IngestFailed after the last try, or the server's refusal.
    Leaving the context without ``finish`` drops what was not sent.
    """

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        *,
        max_actions: int = 500,
        max_bytes: int = 5 << 20,
        max_seconds: float = 2.0,
        timeout_seconds: float = 120.0,
        retry: Retry | None = None,
    ) -> None:
        self._client = client
        self._max_actions, self._max_bytes, self._max_seconds = max_actions, max_bytes, max_seconds
        self._timeout = timeout_seconds
        self._retry = retry or Retry()
        self._collected: list[Action] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._queue: queue.Queue[list[Action] | None] = queue.Queue(maxsize=1)
        self._stop = threading.Event()
        self._problem: BaseException | None = None
        self.tally = Tally()
        # A daemon: Ctrl-C must not wait for a server that does not answer.
        self._thread = threading.Thread(target=self._work, name="clipseek-bulk", daemon=True)

    def __enter__(self) -> BulkWriter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)

    def add(self, action: Action) -> None:
        """Take one action; blocks while the server is behind."""
        if self._problem is not None:
            raise self._problem
        if self._collected and self._bytes + len(action.body) > self._max_bytes:
            self.flush()
        if not self._collected:
            self._since = time.monotonic()
        self._collected.append(action)
        self._bytes += len(action.body)
        # By time too: what a slow model has encoded for minutes must not be lost to a kill.
        if len(self._collected) >= self._max_actions or time.monotonic() - self._since > self._max_seconds:
            self.flush()

    def flush(self) -> None:
        """Hand over what is collected, without waiting for the answer."""
        if self._collected:
            self._queue.put(self._collected)
            self._collected, self._bytes = [], 0

    def finish(self) -> Tally:
        """Send the rest and wait for every answer."""
        self.flush()
        self._queue.put(None)
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        return self.tally

    def _work(self) -> None:
        while (actions := self._queue.get()) is not None:
            if self._stop.is_set():
                return
            # After a problem the queue is still emptied: nobody may block on it.
            if self._problem is None:
                try:
                    send(
                        self._client,
                        actions,
                        self.tally,
                        retry=self._retry,
                        timeout=self._timeout,
                        wait=self._stop.wait,
                    )
                except BaseException as problem:
                    self._problem = problem
