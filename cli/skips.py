"""Files that were skipped: counted by kind and ending, the broken ones kept and named before those that are merely no pictures."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

from .output import data, for_reader

if TYPE_CHECKING:
    from clipseek.sources import Skipped

#: Files listed at the end, and in ``--json``; ``--report`` lists all.
LISTED, LISTED_JSON = 20, 1000
#: Kinds of what was meant to be left out: no picture and no caption of the user's is lost with them.
PASSED_OVER = frozenset(
    {"not an image", "made by a system", "hidden folder", "link to a folder", "excluded", "not included", "not a shard"}
)
_ENDINGS = 8


class Skips:
    """What was skipped so far: ``kinds`` and ``endings`` count all, of whose files the first LISTED_JSON of each sort are kept."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.endings: dict[str, Counter[str]] = {}
        self.captions: Counter[str] = Counter()
        self._broken: list[Skipped] = []
        self._passed: list[Skipped] = []

    def add(self, entry: Skipped) -> None:
        """Count and, if there is room, keep ``entry``."""
        self.kinds[entry.kind] += 1
        self.captions[entry.kind] += entry.captions
        if entry.kind in PASSED_OVER:
            self.endings.setdefault(entry.kind, Counter())[ending(entry)] += 1
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
        counts = self.endings.get(kind, Counter[str]())
        if kind != "not an image":
            return ""
        parts = [f"{number:,} {name}" for name, number in counts.most_common(_ENDINGS)]
        rest = counts.total() - sum(number for _, number in counts.most_common(_ENDINGS))
        return f" ({', '.join([*parts, *([f'{rest:,} others'] if rest else [])])})"


def ending(entry: Skipped) -> str:
    """The suffix of its name in lower case; in words where it has none."""
    return PurePath(for_reader(entry.path.name)).suffix.lower() or "without an ending"


def print_skips(skips: Skips) -> None:
    """How many were skipped, by kind, and the first of them."""
    from clipseek.sources import shown

    if not (total := skips.kinds.total()):
        return
    data(f"{total:>9,} skipped   {skips.line()}")
    for entry in skips.kept[:LISTED]:
        reason = f": {for_reader(entry.reason)}" if entry.reason != entry.kind else ""
        data(f"          {for_reader(shown(entry.path))}{reason}")
    if total > LISTED:
        data(f"          and {total - LISTED:,} more; --report FILE lists them all")
