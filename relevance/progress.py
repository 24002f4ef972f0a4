"""How far a long measurement is: what a caller may want to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

#: Called with the phase, how much of it is done, and how much there is.
Progress: TypeAlias = Callable[[str, int, int], None]


def no_progress(phase: str, done: int, total: int) -> None:
    """Draws nothing."""
