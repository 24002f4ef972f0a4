"""What the commands print: data on stdout, notes and progress on stderr.

Imports nothing heavy; rich only to draw a table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import click
from clipseek.files.text import aligned, visible


def note(message: str) -> None:
    """A line for the person in front, on stderr."""
    _write(message, sys.stderr)


def data(text: str) -> None:
    """A line of the result, on stdout."""
    _write(text, sys.stdout)


def for_reader(text: str, stream: TextIO | None = None) -> str:
    """``text`` on one line where a person reads ``stream`` (stdout): a name with a line break is not two lines; else exactly."""
    return visible(text, one_line=True) if is_terminal(stream or sys.stdout) else text


def _write(text: str, stream: TextIO, *, end: bool = True) -> None:
    """``text`` exactly into a pipe or a file, and without anything that drives a terminal into one. ``color``: or click takes
    escape sequences out of a pipe."""
    click.echo(visible(text) if is_terminal(stream) else text, file=stream, nl=end, color=True)


def tabbed(*cells: str) -> str:
    """A line of a table for programs: what would end a cell or the line, or drive a terminal that shows it, is escaped (\\t, \\n,
    \\x1b), so that an id or a caption makes no false row. JSON has all exactly.
    """
    return "\t".join(visible(cell, one_line=True) for cell in cells)


def log_line(line: str) -> None:
    """A line of a log, with its own end, on stdout."""
    _write(line, sys.stdout, end=False)


def print_json(value: Any) -> None:
    """The result for machines: one JSON document on stdout, indented where a person reads it, on one line in a pipe."""
    print_json_text(json.dumps(value, ensure_ascii=False, indent=2 if is_terminal(sys.stdout) else None))


def print_json_text(text: str) -> None:
    """JSON that is made already. In a terminal, what would drive it is written as JSON's own escapes: the value is the same."""
    if is_terminal(sys.stdout) and not text.isprintable():
        text = "".join(f"\\u{ord(char):04x}" if char != "\n" and visible(char) != char else char for char in text)
    click.echo(text, color=True)


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
            table.add_row(*(Text(visible(cell)) for cell in row))
        Console().print(table)
        return
    for line in plain_table(columns, rows, right=right):
        data(line)


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> list[str]:
    """The lines of an aligned table, without trailing blanks; the columns named in ``right`` are flush right."""
    rows = [[visible(cell) for cell in row] for row in rows]
    return aligned(columns, rows, right={index for index, column in enumerate(columns) if column in right})
