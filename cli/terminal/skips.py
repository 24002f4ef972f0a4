"""Files that were skipped: counted by kind and ending, the broken ones kept and named before those that are merely no pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING

from .output import data, for_reader

if TYPE_CHECKING:
    from clipseek.opensearch.ingest.report import Ended, Shortened
    from clipseek.sources import Skipped

#: Files listed at the end, and in ``--json``; ``--report`` lists all.
LISTED, LISTED_JSON = 20, 1000
#: Kinds of what was meant to be left out: no picture and no caption of the user's is lost with them.
PASSED_OVER = frozenset(
    {"not an image", "made by a system", "hidden folder", "link to a folder", "excluded", "not included", "not a shard"}
)
_ENDINGS = 8


class Skips:
    """What was skipped so far: ``kinds`` counts all, of whose files the first LISTED_JSON of each sort are kept."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self._endings: Counter[str] = Counter()
        self._broken: list[Skipped] = []
        self._passed: list[Skipped] = []

    def add(self, entry: Skipped) -> None:
        """Count and, if there is room, keep ``entry``."""
        self.kinds[entry.kind] += 1
        if entry.kind == "not an image":
            self._endings[ending(entry)] += 1
        kept = self._passed if entry.kind in PASSED_OVER else self._broken
        if len(kept) < LISTED_JSON:
            kept.append(entry)

    @property
    def kept(self) -> list[Skipped]:
        """The first ones, the broken before the others."""
        return (self._broken + self._passed)[:LISTED_JSON]

    @property
    def left_out(self) -> int:
        """How many are not in ``kept``."""
        return self.kinds.total() - len(self.kept)

    def line(self) -> str:
        """``3 unreadable, 1,390 not an image (1,300 .ogg, 90 .dat)``: broken ones first, then the most frequent."""
        order = sorted(self.kinds, key=lambda kind: (kind in PASSED_OVER, -self.kinds[kind]))
        return ", ".join(f"{self.kinds[kind]:,} {kind}{self._by_ending(kind)}" for kind in order)

    def _by_ending(self, kind: str) -> str:
        if kind != "not an image":
            return ""
        listed = self._endings.most_common(_ENDINGS)
        parts = [f"{number:,} {name}" for name, number in listed]
        rest = self._endings.total() - sum(number for _, number in listed)
        return f" ({', '.join([*parts, *([f'{rest:,} others'] if rest else [])])})"


def ending(entry: Skipped) -> str:
    """The suffix of its name in lower case; in words where it has none."""
    return PurePath(for_reader(entry.path.name)).suffix.lower() or "without an ending"


def print_skips(skips: Skips) -> None:
    """How many were skipped, by kind, and the first of them."""
    if not (total := skips.kinds.total()):
        return
    data(f"{total:>9,} skipped   {skips.line()}")
    print_first((with_reason(entry) for entry in skips.kept), total)


def with_reason(entry: Skipped | Shortened | Ended) -> str:
    """Its file, and why where the kind has not said it."""
    from clipseek.sources import shown

    reason = f": {for_reader(entry.reason)}" if entry.reason != getattr(entry, "kind", None) else ""
    return f"{for_reader(shown(entry.path))}{reason}"


def print_first(lines: Iterable[str], total: int, whole_list: str = "--report FILE") -> None:
    """The first LISTED of ``total`` lines below a number, how many more there are, and the option that lists all."""
    for line in islice(lines, LISTED):
        data(f"          {line}")
    if total > LISTED:
        data(f"          and {total - LISTED:,} more; {whole_list} lists them all")
