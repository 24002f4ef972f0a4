"""Where the time of encoding goes: seconds by stage, added up over threads."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: A picture passes through decode, preprocess, device and post; a text through tokenize, device and post.
STAGES = ("decode", "preprocess", "tokenize", "device", "post")


@dataclass(frozen=True)
class Stage:
    """``calls``: how often it ran, to its end or to an error. ``seconds``: in all of them, wall time of their threads."""

    calls: int = 0
    seconds: float = 0.0


class Stages:
    """A stopwatch for each stage. Thread-safe; what threads do side by side adds up, so the sum may exceed the clock."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._stages = dict.fromkeys(STAGES, Stage())

    @contextlib.contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the block's time to ``stage``, one of STAGES."""
        started = self._clock()
        try:
            yield
        finally:
            seconds = self._clock() - started
            with self._lock:
                before = self._stages[stage]
                self._stages[stage] = Stage(before.calls + 1, before.seconds + seconds)

    def snapshot(self) -> dict[str, Stage]:
        """Stage -> its calls and seconds until now."""
        with self._lock:
            return dict(self._stages)

    def reset(self) -> None:
        """Set all stages to zero."""
        with self._lock:
            self._stages = dict.fromkeys(STAGES, Stage())
