"""A call that runs beside another: a search and the question for its candidates wait for the server together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """Runs ``call`` in a thread of its own. A context manager: leaving it waits for the thread, so that none outlives its
    search.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._answers: list[T] = []
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self._answers.append(self._call())
        except Exception as problem:
            self._problem = problem

    def __enter__(self) -> Beside[T]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join()

    def result(self) -> T:
        """What the call returned; waits for it. Raises what the call raised."""
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        return self._answers[0]
