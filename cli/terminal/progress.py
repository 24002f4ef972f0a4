"""Progress of long work on stderr: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from clipseek.files.text import visible

from .output import duration, is_terminal


class ProgressLine:
    """Progress on stderr: a bar that redraws itself in a terminal, a plain line every few seconds elsewhere.

    ``total`` may be ``None`` where nobody has counted. A context manager: leaving it ends the bar's line.
    """

    BAR_SECONDS = 0.1
    LINE_SECONDS = 5.0

    def __init__(
        self,
        label: str,
        total: int | None = None,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._draws = is_terminal(self._stream)
        self._label, self.total = visible(label, one_line=True) if self._draws else label, total
        self._started = self._last = clock()
        self._width = 0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def update(self, done: int, detail: str = "") -> None:
        """Say that ``done`` of the total are through; drawn at most every tenth of a second."""
        now = self._clock()
        if now - self._last < (self.BAR_SECONDS if self._draws else self.LINE_SECONDS):
            return
        self._last = now
        line = self._line(done, detail, now - self._started)
        if self._draws:
            self._write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._write(line + "\n")

    def show(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` are through."""
        self.total = total
        self.update(done)

    def note(self, message: str) -> None:
        """A line above the bar."""
        self.clear()
        self._write((visible(message) if self._draws else message) + "\n")

    def clear(self) -> None:
        """Take the bar away."""
        if self._draws and self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def _line(self, done: int, detail: str, elapsed: float) -> str:
        parts = [self._label]
        if self.total:
            share = min(1.0, done / self.total)
            if self._draws:
                parts.append(f"[{'#' * int(share * 24):<24}]")
            parts.append(f"{done:,}/{self.total:,} ({share:.0%})")
            if 0 < done < self.total and elapsed > 2:
                detail = f"{detail}, {duration(elapsed / done * (self.total - done))} left" if detail else ""
        else:
            parts.append(f"{done:,}")
        line = " ".join(parts) + (f"  {detail}" if detail else "")
        # A bar wider than the terminal would scroll instead of redrawing.
        return line[: shutil.get_terminal_size((100, 24)).columns - 1] if self._draws else line

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
