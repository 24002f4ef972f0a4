"""What the commands print: data on stdout, notes and progress on stderr.

Imports nothing heavy; rich only to draw a table.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TextIO

import click


def note(message: str) -> None:
    """A line for the person in front, on stderr."""
    click.echo(message, err=True)


def data(text: str) -> None:
    """A line of the result, on stdout."""
    click.echo(text)


def print_json(value: Any) -> None:
    """The result for machines: one JSON document on stdout, indented where a person reads it, on one line in a pipe."""
    indent = 2 if is_terminal(sys.stdout) else None
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


def is_terminal(stream: TextIO) -> bool:
    """True where a person reads ``stream``; a closed or replaced one has none."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 picture``, ``1,234 pictures``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table on stdout: drawn in a terminal, aligned plain text elsewhere. ``right`` names columns of numbers."""
    if is_terminal(sys.stdout):
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(column, justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            # As Text, so that a caption's [brackets] are not taken for markup.
            table.add_row(*(Text(cell) for cell in row))
        Console().print(table)
        return
    for line in plain_table(columns, rows, right=right):
        click.echo(line)


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> list[str]:
    """The lines of an aligned table, without trailing blanks."""
    everything = [list(columns), *([" ".join(cell.split()) for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in everything) for at in range(len(columns))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in everything
    ]


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


def terminal_width() -> int:
    """Columns of the terminal."""
    import shutil

    return shutil.get_terminal_size((100, 24)).columns
