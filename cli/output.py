"""What the commands print: data on stdout, notes and progress on stderr.

Imports nothing heavy; rich only to draw a table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

import click
from clipseek.files.text import aligned


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
    """The lines of an aligned table, without trailing blanks; the columns named in ``right`` are flush right."""
    return aligned(columns, rows, right={index for index, column in enumerate(columns) if column in right})
