"""The operators of filters, as Python compares: the oracle of tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, other: value == other,
    "!=": lambda value, other: value != other,
    "<": lambda value, other: value < other,
    "<=": lambda value, other: value <= other,
    ">": lambda value, other: value > other,
    ">=": lambda value, other: value >= other,
}
