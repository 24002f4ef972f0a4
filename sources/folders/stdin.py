"""Pictures named one by one on stdin: a path a line, or, as ``find -print0`` writes them, each ended by a zero byte."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from clipseek.encoder.pictures.suffixes import is_picture_name

from ..errors import MalformedSource
from ..fields import Columns
from ..record import Record, Skipped
from .sidecar import Sidecars, with_sidecars

#: The source that stands for stdin.
STDIN = Path("-")


def is_stdin(source: Path) -> bool:
    """True for ``-``."""
    return source == STDIN


def read_paths(columns: Columns, stream: IO[bytes] | None = None) -> Iterator[Record | Skipped]:
    """The record of every path that ``stream`` (stdin) names, with its sidecars, as it comes."""
    here, sidecars = None, Sidecars((), ())
    for name in _names(stream or sys.stdin.buffer):
        path = Path(os.path.abspath(os.fsdecode(name)))
        if path.parent != here:
            here, names = path.parent, _listed(path.parent)
            sidecars = Sidecars(names, filter(is_picture_name, names))
        try:
            yield from with_sidecars(path, sidecars.of(path.name), columns)
        except MalformedSource as problem:
            yield Skipped(path, "unreadable caption", str(problem), problem)


def _names(stream: IO[bytes]) -> Iterator[bytes]:
    for line in stream:
        for name in line.rstrip(b"\r\n").split(b"\0"):
            if name.strip():
                yield name


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
