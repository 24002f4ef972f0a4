"""An iterator whose items are made by a thread of its own, ahead of whoever takes them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

#: A thread that waits looks this often whether anybody still wants what it makes.
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class _End:
    """No more items, or what was raised where the next would have come."""

    problem: BaseException | None = None


class Ahead(Generic[T]):
    """Iterates over ``items``, at most ``most`` of them ahead, in their order; an error is raised where its item would have come.
    ``meanwhile`` is called while nothing comes. ``close`` ends thread and iteration.
    """

    def __init__(self, items: Iterable[T], most: int, name: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._items, self._meanwhile = items, meanwhile
        self._queue: queue.Queue[T | _End] = queue.Queue(maxsize=most)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                item = self._queue.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if self._stop.is_set():
                    return
                self._meanwhile()
                continue
            if not isinstance(item, _End):
                yield item
            elif item.problem is None:
                return
            else:
                raise item.problem

    def close(self) -> None:
        """Drop what is waiting; what is being made is the last."""
        self._stop.set()

    def _work(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
            self._put(_End())
        except BaseException as problem:
            self._put(_End(problem))

    def _put(self, item: T | _End) -> bool:
        """False when nobody waits for it any more."""
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_LOOK_SECONDS)
                return True
            except queue.Full:
                continue
        return False
