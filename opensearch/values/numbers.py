"""Numbers as people write them. Pure.

A number field holds doubles. These tell whole numbers from their neighbours up to 2**53 - 1: beyond it a filter for one id would
find its neighbour as well. A whole number written out in digits is refused from there on; one with a point or an exponent is a
measured quantity, of which a double keeps 15 to 17 digits.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

LARGEST = 2**53 - 1
_WHOLE = re.compile(r"[+-]?\d+")
# Narrower than float(), which takes 1_000, nan and infinity; wider than ASCII: digits of any script mean one number.
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?")
NO_NUMBER = "no number"
BEYOND = "beyond 2^53, where numbers cannot be told apart (ids belong in a --keyword)"


def is_beyond(text: str) -> bool:
    """Whether ``text`` is a whole number, written out in digits, that a double need not tell from its neighbour."""
    if not _WHOLE.fullmatch(text):
        return False
    digits = text.lstrip("+-").lstrip("0")
    return len(digits) > 16 or (len(digits) == 16 and int(digits) > LARGEST)


def read_number(value: str | float) -> int | float:
    """What the index holds for ``value``. Raises ValueError with the reason, a phrase that goes on after "is"."""
    if isinstance(value, bool):
        raise ValueError(NO_NUMBER)
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise ValueError(BEYOND)
        return value
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError(NO_NUMBER)
    if is_beyond(text):
        raise ValueError(BEYOND)
    number = finite(float(text))
    return int(number) if number.is_integer() and abs(number) <= LARGEST else number


def finite(number: float) -> float:
    """``number``; zero without a sign, because the server sorts -0.0 below 0.0. Raises ValueError for what no double holds."""
    if not math.isfinite(number):
        raise ValueError(NO_NUMBER)
    return number or 0.0


def exact(text: str) -> Decimal:
    """The number that ``text`` writes, whatever its size. Raises ValueError with the reason."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(NO_NUMBER)
    return Decimal(text)
