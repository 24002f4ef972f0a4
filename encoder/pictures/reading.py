"""A picture's file read, or the reason why it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Decoded = TypeVar("Decoded")


def read_picture(path: Path, decode: Callable[[bytes], Decoded]) -> Decoded | str:
    """``decode`` of the file's bytes, or the reason in one line: the file's own (no such file), or ``decode``'s (truncated)."""
    try:
        if path.exists() and not path.is_file():
            return "not a file"  # reading a pipe would wait for its writer
        return decode(path.read_bytes())
    except (OSError, ValueError) as problem:
        return getattr(problem, "strerror", None) or str(problem)
