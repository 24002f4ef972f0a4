"""Workers kept warm: as many as there are threads that ask, at most one for each core.

A worker that is lost costs the file that it had, and a new one is made for the next. A crash in a worker that had other
files before may be one of theirs, so the file is tried once more in a fresh one.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Mapping
from typing import Any

from ..errors import ImageError
from .process import Answer, Limits, Process, WorkerLost

#: Files after which a worker is ended: what a library leaks goes with it.
_FILES = 2_000
#: Of one worker, where the machine has twice as much.
_MEGABYTES = 4_000


class Pool:
    """Runs ``task`` (``module:function``, a ``child.Task``) in worker processes. Thread-safe."""

    def __init__(self, task: str, limits: Limits | None = None, size: int | None = None) -> None:
        self._task, self._limits = task, limits or Limits(megabytes=_memory())
        self._places = threading.BoundedSemaphore(size or os.cpu_count() or 1)
        self._lock, self._idle = threading.Lock(), list[Process]()

    def ask(self, data: bytes, asked: Mapping[str, Any]) -> Answer:
        """The task's answer for ``data``. Raises ImageError with the reason where there is none."""
        with self._places:
            worker = self._take()
            first = not worker.answered
            try:
                return self._one(worker, data, asked)
            except WorkerLost as problem:
                if first or problem.late:
                    raise
            return self._one(Process(self._task, self._limits), data, asked)

    def close(self) -> None:
        """End the workers that wait; the next file gets a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _take(self) -> Process:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Process(self._task, self._limits)

    def _one(self, worker: Process, data: bytes, asked: Mapping[str, Any]) -> Answer:
        keep = False
        try:
            answer = worker.ask(data, asked)
            keep = worker.answered < _FILES
            return answer
        except WorkerLost:
            raise
        except ImageError:  # the file's fault; the worker is well
            keep = worker.answered < _FILES
            raise
        finally:
            if keep:
                with self._lock:
                    self._idle.append(worker)
            else:
                worker.end()


_pools: dict[tuple[int, str], Pool] = {}
_pools_lock = threading.Lock()


def pool_of(task: str) -> Pool:
    """This process's pool for ``task``; a forked process has its own."""
    with _pools_lock:
        key = (os.getpid(), task)
        if key not in _pools:
            if not _pools:
                atexit.register(close_all)
            _pools[key] = Pool(task)
        return _pools[key]


def close_all() -> None:
    """End all workers of this process that wait."""
    with _pools_lock:
        for (pid, _), pool in _pools.items():
            if pid == os.getpid():
                pool.close()


def _memory() -> int:
    """Megabytes for one worker."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 10**6
    except (AttributeError, OSError, ValueError):
        return _MEGABYTES
    return max(1_000, min(_MEGABYTES, total // 2))
