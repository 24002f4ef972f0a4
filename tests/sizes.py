"""How much of a long check runs: a fixed cut of it in ``make test``, all of it in ``make soak``."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

#: Set by ``pytest --soak`` (tests/conftest.py), or in the environment.
SOAK_VARIABLE = "CLIPSEEK_SOAK"


def soaking() -> bool:
    """Whether this run is at full size."""
    return os.environ.get(SOAK_VARIABLE, "0") not in ("", "0")


def sized(cut: T, full: T) -> T:
    """``cut`` in ``make test``, ``full`` in ``make soak``: of examples, files, vectors, seeds or seconds."""
    return full if soaking() else cut
