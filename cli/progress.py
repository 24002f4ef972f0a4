"""Progress of long work on stderr: a bar for what is counted, lines for a training."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from .output import count, duration, is_terminal, note


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
        self._label, self.total = label, total
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._draws = is_terminal(self._stream)
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

    def note(self, message: str) -> None:
        """A line above the bar."""
        self.clear()
        self._write(message + "\n")

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
        return line[: terminal_width() - 1] if self._draws else line

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class PhaseProgress:
    """A ProgressLine for each phase of long work: called with the phase, how much of it is done, and how much there is."""

    def __init__(self) -> None:
        self._phase, self._line = "", ProgressLine("")

    def __enter__(self) -> PhaseProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.clear()

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase != self._phase:
            self._line.clear()
            self._phase, self._line = phase, ProgressLine(phase, total)
        self._line.update(done)


def terminal_width() -> int:
    """Columns of the terminal."""
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


class TrainingProgress:
    """Prints a line every few seconds; remembers the last figures."""

    def __init__(self, every: float = 10.0) -> None:
        self.last: dict[str, Any] = {}
        self._every = every
        self._next = 0.0

    def __call__(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "start":
            self.last["steps"] = event["step"]
            held = f", {event['validation_pairs']:,} held out for validation" if event["validation_pairs"] else ""
            steps = f"up to {count(event['steps'], 'step')}"
            note(f"{count(event['pairs'], 'pair')}{held}; {steps}, {event['precision']} on {event['device']}")
            if event["step"]:
                note(f"  going on after step {event['step']:,}")
        elif kind == "step":
            self.last.update(steps=event["step"], loss=event["loss"], pairs_per_second=event["pairs_per_second"])
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + self._every
                note(
                    f"  {event['progress']:4.0%}  step {event['step']:,}  epoch {event['epoch']:.1f}  "
                    f"loss {event['loss']:.3f}  {event['pairs_per_second']:.0f} pairs/s  "
                    f"waiting for data {event['waiting']:.0%}"
                )
        elif kind == "look" and "validation_mrr" in event:
            general = f", general {event['general_batch_mrr']:.3f} in batches" if "general_batch_mrr" in event else ""
            note(
                f"  step {event['step']:,}: validation MRR@10 {event['validation_mrr']:.3f} over the whole gallery, "
                f"MRR@20 {event['validation_batch_mrr']:.3f} in batches{general}"
            )
        elif kind == "features":
            if time.monotonic() >= self._next or event["done"] == event["of"]:
                self._next = time.monotonic() + self._every
                note(f"  towers locked: {event['done']:,} of {event['of']:,} outputs computed")
        elif kind == "stopped":
            note(f"  step {event['step']:,}: {count(event['looks'], 'look')} without a better model; stopping here")
        elif kind == "interpolate":
            self.last["alpha"] = event["alpha"]
            note(f"  weights: {event['alpha']:.0%} of the way from the base to the tuned model (chosen on validation)")
        elif kind == "done" and "validation_mrr" in event:
            self.last["validation_mrr_at_10"] = event["validation_mrr"]
