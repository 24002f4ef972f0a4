"""Single requests of many threads, joined into batches: a service's throughput without its callers knowing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..errors import BatcherClosed, EncoderError, EncodeTimedOut, Overloaded

Input = TypeVar("Input")
Row = NDArray[np.float32]
#: Calls of ``encode`` that may hang at once before no further thread is started: each holds a thread, which cannot be ended.
MOST_STUCK = 4


@dataclass(eq=False)
class _Request(Generic[Input]):
    item: Input
    deadline: float
    future: Future[Row] = field(default_factory=Future)

    def fail(self, problem: BaseException) -> None:
        with contextlib.suppress(InvalidStateError):  # answered meanwhile, or cancelled
            self.future.set_exception(problem)


class Batcher(Generic[Input]):
    """Joins what several threads submit within ``max_wait`` seconds into one call of ``encode``. Thread-safe.

    ``encode``: M inputs -> (M, D) float32, such as ``ClipEncoder.encode_texts``; it runs in one thread of the batcher's
    own, on at most ``max_batch`` inputs: by default as many as an encoder takes without changing their vectors
    (``ClipEncoder.joinable``), so that they are equal to single calls' to rounding. At most ``max_queue`` wait. A single caller
    never waits: only a batch that follows one of several inputs waits for more, and only while it is not full. Where a batch fails,
    its inputs are tried one by one, so that each caller gets its own error or vector.

    ``seconds``: a request that has no answer by then fails with EncodeTimedOut. A call of ``encode`` for which no request waits
    any more is given up: it keeps its thread until it returns, its vectors are dropped, and another thread goes on with what
    waits. With MOST_STUCK calls given up, nothing goes on until one of them returns, and requests are refused.

    A context manager; ``close`` finishes what was submitted, in ``seconds`` at the latest.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[Input]], NDArray[np.float32]],
        *,
        max_batch: int | None = None,
        max_wait: float = 0.003,
        max_queue: int = 1024,
        seconds: float = 60.0,
    ) -> None:
        if max_batch is None:
            max_batch = getattr(getattr(encode, "__self__", None), "joinable", 32)
        if max_batch < 1 or max_queue < 1 or not 0 <= max_wait <= 1 or not 0 < seconds < threading.TIMEOUT_MAX:
            raise ValueError(
                f"max_batch {max_batch}, max_queue {max_queue}, max_wait {max_wait}, seconds {seconds}; expected 1 or more, 0 to 1 "
                "second, more than 0 seconds"
            )
        self._encode, self._max_batch, self._max_wait, self._max_queue = encode, max_batch, max_wait, max_queue
        self._seconds = seconds
        self._waiting: deque[_Request[Input]] = deque()
        self._running: list[_Request[Input]] = []
        self._changed = threading.Condition()
        self._closed, self._stuck = False, 0
        self._wake, self._next_look = threading.Event(), 0.0
        self._worker: threading.Thread | None = self._start(self._work)
        self._watcher = self._start(self._watch)

    def submit(self, item: Input, timeout: float | None = None) -> Future[Row]:
        """A future of ``item``'s vector, (D,) float32, which is done in ``seconds`` at the latest. Where the queue is full, waits
        ``timeout`` seconds for room.

        None waits as long as the request may take, 0 not at all. Raises Overloaded when there was no room, BatcherClosed after
        close, EncodeTimedOut where nothing is encoded any more.
        """
        request = _Request(item, time.monotonic() + self._seconds)
        with self._changed:
            room = self._changed.wait_for(
                lambda: self._closed or len(self._waiting) < self._max_queue,
                self._seconds if timeout is None else min(timeout, self._seconds),
            )
            if self._closed:
                raise BatcherClosed("the encoder is shutting down and takes no more requests; try another server")
            if self._worker is None:
                raise self._late()
            if not room:
                raise Overloaded(f"{self._max_queue} requests wait already; try again later")
            self._waiting.append(request)
            self._changed.notify_all()
            if request.deadline < self._next_look:
                self._wake.set()
        return request.future

    def __call__(self, item: Input, timeout: float | None = None) -> Row:
        """``item``'s vector, (D,) float32; raises what ``encode`` raises for it, what ``submit`` raises, and EncodeTimedOut."""
        return self.submit(item, timeout).result()

    def close(self) -> None:
        """Encode what was submitted, take no more, end the threads. May be called again, and from any thread but its own."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting and not self._running)
            worker = self._worker
        self._wake.set()
        self._watcher.join()
        if worker is not None:
            worker.join()

    def __enter__(self) -> Batcher[Input]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name="clipseek-batcher", daemon=True)
        thread.start()
        return thread

    def _late(self) -> EncodeTimedOut:
        return EncodeTimedOut(
            f"the model gave no vector within {self._seconds:g} seconds; try again, or start the service again if it goes on"
        )

    def _work(self) -> None:
        several = False
        while batch := self._next(several):
            several = len(batch) > 1
            self._run(batch)
            with self._changed:
                if self._running is not batch:  # given up while it ran
                    self._stuck -= 1
                    if self._worker is not None:
                        return
                    self._worker = threading.current_thread()
                self._running = []
                self._changed.notify_all()

    def _next(self, after_several: bool) -> list[_Request[Input]]:
        """The next batch; empty when all is done and the batcher closed."""
        with self._changed:
            batch: list[_Request[Input]] = []
            while not batch:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    break
                if after_several:
                    until = time.monotonic() + self._max_wait
                    while len(self._waiting) < self._max_batch and not self._closed:
                        if not self._changed.wait(max(0.0, until - time.monotonic())):
                            break
                taken = [self._waiting.popleft() for _ in range(min(self._max_batch, len(self._waiting)))]
                batch = [request for request in taken if request.future.set_running_or_notify_cancel()]
                self._changed.notify_all()  # there is room again
            self._running = batch
        return batch

    def _run(self, batch: list[_Request[Input]]) -> None:
        try:
            rows = self._encode([request.item for request in batch])
            if len(rows) != len(batch):
                raise ValueError(f"encode gave {len(rows)} vectors for {len(batch)} inputs")
        except BaseException as problem:  # a panic of the tokenizer's is no Exception, and must not end this thread
            if len(batch) == 1:
                known = isinstance(problem, Exception)
                batch[0].fail(problem if known else EncoderError(f"the model failed ({reason_of(problem)})"))
                return
            for request in batch:
                self._run([request])
            return
        for request, row in zip(batch, rows, strict=True):
            with contextlib.suppress(InvalidStateError):  # it was too late
                request.future.set_result(row)

    def _watch(self) -> None:
        """Fail what is late, and give up a call of ``encode`` for which nobody waits any more."""
        done = False
        while not done:
            self._wake.clear()
            with self._changed:
                now = time.monotonic()
                late = [request for request in (*self._running, *self._waiting) if request.deadline <= now]
                self._waiting = deque(request for request in self._waiting if request.deadline > now)
                if self._running and all(request.deadline <= now for request in self._running):
                    self._running, self._stuck = [], self._stuck + 1
                    self._worker = self._start(self._work) if self._stuck < MOST_STUCK else None
                left = [request.deadline for request in (*self._running, *self._waiting) if request.deadline > now]
                self._next_look = min(left, default=now + self._seconds)
                done = self._closed and not self._waiting and not self._running
                self._changed.notify_all()
            for request in late:
                request.fail(self._late())
            if not done:
                self._wake.wait(max(0.0, self._next_look - time.monotonic()))
