"""Comparisons of whole numbers: integers, and the milliseconds of dates. Pure.

What somebody wrote is a half-open range: the integer 640 is [640, 641), 640.5 is the empty [641, 641), May 2024 begins with its
first millisecond and ends before June's. Then one rule serves all: ``<`` is before the start, ``<=`` before the end, ``>`` from the
end on, ``>=`` from the start on, ``=`` inside. The server gets numbers that its field can hold, and "all" or "none" for others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

#: From the first until before the second; nothing where they are equal.
Range = tuple[int, int]
Clause = dict[str, Any]

NONE: Clause = {"match_none": {}}


@dataclass(frozen=True)
class WholeField:
    """A field of whole numbers: where it stands, the least and the greatest that it holds, how one is written for the server."""

    path: str
    least: int
    greatest: int
    written: Callable[[int], Any] = int

    def compared(self, sign: str, what: Range) -> Clause:
        """The values that are ``<``, ``<=``, ``>`` or ``>=`` than ``what``."""
        start, end = what
        first, stop = {"<": (None, start), "<=": (None, end), ">": (end, None), ">=": (start, None)}[sign]
        return self.between(first, stop)

    def among(self, ranges: Iterable[Range]) -> list[Clause]:
        """The values inside any of ``ranges``: a clause for each of them that stands apart from the others; none for none."""
        clauses = [self.between(*one) for one in merged(ranges)]
        return [clause for clause in clauses if clause != NONE]

    def between(self, first: int | None, stop: int | None) -> Clause:
        """The values from ``first`` on until before ``stop``; ``None`` is no bound."""
        low = None if first is None or first <= self.least else first
        high = None if stop is None or stop > self.greatest else stop
        if (low is not None and low > self.greatest) or (high is not None and high <= self.least):
            return NONE
        if low is not None and high is not None and low >= high:
            return NONE
        if low is None and high is None:
            return exists(self.path)
        bounds = {"gte": low, "lt": high}
        return {"range": {self.path: {end: self.written(one) for end, one in bounds.items() if one is not None}}}


def exists(path: str) -> Clause:
    """Every picture that has a value there."""
    return {"exists": {"field": path}}


def any_of(clauses: list[Clause]) -> Clause:
    """At least one of ``clauses``."""
    if not clauses:
        return NONE
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same values in the fewest ranges, in order, without empty ones."""
    joined: list[Range] = []
    for start, end in sorted(ranges):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
