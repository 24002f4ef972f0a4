"""What a run of ``ingest`` counts, while it goes on and at its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from clipseek.sources import Skipped, shown

from ..index.columns import Unfound
from ..index.documents import Item

#: Characters of an example.
_EXAMPLE = 200


@dataclass
class UnfoundValues:
    """``values`` of a declared ``column`` that no filter finds for one ``reason`` (it goes on after "is"): an ``example`` of
    them, and its ``file``.
    """

    column: str
    reason: str
    values: int
    example: str
    file: str


@dataclass
class IngestReport:
    """The counts of a run: so far in its events, all of it when ``ingest`` returns it.

    ``index`` is ``None`` where the source held no picture, so that nothing was made. ``seen`` counts the source's
    entries, ``encoded`` the pictures that went through the model; ``indexed`` and ``rejected`` count the documents that
    the server took and refused, and are known at the end, ``updated`` those whose other fields changed. ``skipped`` counts
    files by kind, the most frequent first at the end. ``unfound`` counts values of declared columns that no filter finds;
    ``undeclared`` are columns that are kept and cannot be filtered by. ``shortened`` counts, by kind, what of pictures in the
    index is not there as the source has it (``Shortened``). ``unrecorded``: why the run has no record in ``clipseek-ingests``.
    """

    alias: str
    index: str | None = None
    created: bool = False
    seen: int = 0
    encoded: int = 0
    indexed: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    unfound: list[UnfoundValues] = field(default_factory=list)
    undeclared: tuple[str, ...] = ()
    shortened: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    encode_seconds: float = 0.0
    unrecorded: str = ""

    @property
    def malformed(self) -> Counter[str]:
        """How many values of each declared column no filter finds."""
        counts: Counter[str] = Counter()
        for group in self.unfound:
            counts[group.column] += group.values
        return counts

    def count_unfound(self, path: Path, value: Unfound) -> None:
        """Count a value that no filter finds, of the picture at ``path``."""
        for group in self.unfound:
            if (group.column, group.reason) == (value.column, value.reason):
                group.values += 1
                return
        self.unfound.append(UnfoundValues(value.column, value.reason, 1, value.value[:_EXAMPLE], shown(path)))


@dataclass(frozen=True)
class Shortened:
    """A picture that is in the index, and what of it is not there as the source has it: its kind, and why."""

    path: Path
    kind: str
    reason: str


@dataclass(frozen=True)
class UnfoundValue:
    """A value of a declared column that no filter finds, of the picture at ``path``."""

    path: Path
    column: str
    value: str
    reason: str


#: A file that was skipped, one that is there with a part left out, a value that no filter finds, or the report so far: the same
#: object each time.
Event: TypeAlias = "IngestReport | Skipped | Shortened | UnfoundValue"


class Reporter:
    """Keeps the report of a run and passes events on."""

    def __init__(self, alias: str, on_event: Callable[[Event], None]) -> None:
        self.report = IngestReport(alias)
        self.on_event = on_event
        self._started = time.monotonic()

    def skip(self, entry: Skipped) -> None:
        """Count a skipped file and pass it on."""
        self.report.skipped[entry.kind] += 1
        self.on_event(entry)
        self.progress()

    def shorten(self, entry: Shortened) -> None:
        """Count what of a picture was left out, and pass it on."""
        self.report.shortened[entry.kind] += 1
        self.on_event(entry)

    def unfound(self, item: Item) -> None:
        """Count the values of ``item`` that no filter finds, and pass each of them on."""
        for value in item.unfound:
            self.report.count_unfound(item.path, value)
            self.on_event(UnfoundValue(item.path, value.column, value.value, value.reason))

    def progress(self) -> None:
        """Pass the report so far on."""
        self.report.seconds = time.monotonic() - self._started
        self.on_event(self.report)

    def finish(self) -> IngestReport:
        """The report of a run that has ended."""
        self.report.skipped = Counter(dict(self.report.skipped.most_common()))
        self.report.seconds = time.monotonic() - self._started
        return self.report
