"""Single requests of many threads, joined into batches: a service's throughput without its callers knowing."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import BatcherClosed, Overloaded

Input = TypeVar("Input")
Row = NDArray[np.float32]


class Batcher(Generic[Input]):
    """Joins what several threads submit within ``max_wait`` seconds into one call of ``encode``. Thread-safe.

    ``encode``: M inputs -> (M, D) float32, such as ``ClipEncoder.encode_texts``; it runs in one thread of the batcher's
    own, on at most ``max_batch`` inputs. At most ``max_queue`` wait. A single caller never waits: only a batch that
    follows one of several inputs waits for more, and only while it is not full. Where a batch fails, its inputs are
    tried one by one, so that each caller gets its own error or vector. Vectors are equal to single calls' to rounding; an
    int8 tower also rounds by its batch.

    A context manager; ``close`` finishes what was submitted.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[Input]], NDArray[np.float32]],
        *,
        max_batch: int = 32,
        max_wait: float = 0.003,
        max_queue: int = 1024,
    ) -> None:
        if max_batch < 1 or max_queue < 1 or not 0 <= max_wait <= 1:
            raise ValueError(
                f"max_batch {max_batch}, max_queue {max_queue}, max_wait {max_wait}; expected 1 or more, 0 to 1 second"
            )
        self._encode, self._max_batch, self._max_wait, self._max_queue = encode, max_batch, max_wait, max_queue
        self._waiting: deque[tuple[Input, Future[Row]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="clipseek-batcher", daemon=True)
        self._thread.start()

    def submit(self, item: Input, timeout: float | None = None) -> Future[Row]:
        """A future of ``item``'s vector, (D,) float32. Where the queue is full, waits ``timeout`` seconds for room.

        None waits as long as it takes, 0 not at all. Raises Overloaded when there was no room, BatcherClosed after close.
        """
        future: Future[Row] = Future()
        with self._changed:
            room = self._changed.wait_for(lambda: self._closed or len(self._waiting) < self._max_queue, timeout)
            if self._closed:
                raise BatcherClosed("the encoder is shutting down and takes no more requests; try another server")
            if not room:
                raise Overloaded(f"{self._max_queue} requests wait already; try again later")
            self._waiting.append((item, future))
            self._changed.notify_all()
        return future

    def __call__(self, item: Input, timeout: float | None = None) -> Row:
        """``item``'s vector, (D,) float32; raises what ``encode`` raises for it, and what ``submit`` raises."""
        return self.submit(item, timeout).result()

    def close(self) -> None:
        """Encode what was submitted, take no more, end the thread. May be called again, and from any thread but its own."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> Batcher[Input]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        several = False
        while batch := self._next(several):
            several = len(batch) > 1
            live = [entry for entry in batch if entry[1].set_running_or_notify_cancel()]
            if live:
                self._run(live)

    def _next(self, after_several: bool) -> list[tuple[Input, Future[Row]]]:
        """The next batch; empty when all is done and the batcher closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if after_several:
                deadline = time.monotonic() + self._max_wait
                while len(self._waiting) < self._max_batch and not self._closed:
                    if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                        break
            batch = [self._waiting.popleft() for _ in range(min(self._max_batch, len(self._waiting)))]
            self._changed.notify_all()  # there is room again
        return batch

    def _run(self, batch: list[tuple[Input, Future[Row]]]) -> None:
        try:
            rows = self._encode([item for item, _ in batch])
            if len(rows) != len(batch):
                raise ValueError(f"encode gave {len(rows)} vectors for {len(batch)} inputs")
        except Exception as problem:
            if len(batch) == 1:
                batch[0][1].set_exception(problem)
                return
            for entry in batch:
                self._run([entry])
            return
        for (_, future), row in zip(batch, rows, strict=True):
            future.set_result(row)
