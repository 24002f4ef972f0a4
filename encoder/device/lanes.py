"""Parts of a batch side by side, one thread each, instead of one batch on all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Input = TypeVar("Input")
Done = TypeVar("Done")


class Lanes:
    """``count`` threads that take inputs part by part; they start with the first batch that has more than one input."""

    def __init__(self, count: int) -> None:
        self.count = max(1, count)
        self._starting = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def run(
        self, work: Callable[[Sequence[Input]], Done], inputs: Sequence[Input], most: Callable[[], int]
    ) -> list[Done]:
        """``work`` of runs of ``inputs``, in their order; the first failure is raised.

        All lanes together hold at most ``most()`` inputs at a time (one each where that is fewer). A single lane, and a
        single input, stay on the caller's thread; a single lane calls ``most`` again before each part.
        """
        parts = self._parts(inputs, most)
        if self.count == 1 or len(inputs) < 2:
            return [work(part) for part in parts]
        with self._starting:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="encoder")
        return list(self._pool.map(work, parts))

    def _parts(self, inputs: Sequence[Input], most: Callable[[], int]) -> Iterator[Sequence[Input]]:
        """Short inputs are spread over the lanes evenly; long ones in parts as large as ``most`` allows."""
        even = -(-len(inputs) // self.count)
        start = 0
        while start < len(inputs):
            size = max(1, min(most() // self.count, even))
            yield inputs[start : start + size]
            start += size
