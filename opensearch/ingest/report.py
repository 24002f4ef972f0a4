"""What a run of ``ingest`` counts, while it goes on and at its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from clipseek.sources import Skipped


@dataclass
class IngestReport:
    """The counts of a run: so far in its events, all of it when ``ingest`` returns it.

    ``index`` is ``None`` where the source held no picture, so that nothing was made. ``seen`` counts the source's
    entries, ``encoded`` the pictures that went through the model; ``indexed`` and ``rejected`` count the documents that
    the server took and refused, and are known at the end, ``updated`` those whose other fields changed. ``skipped`` counts
    files by kind, the most frequent first at the end. ``malformed`` counts, by declared field, values that are not of
    its type; ``undeclared`` are columns that are kept and cannot be filtered by. ``shortened`` counts, by
    kind, what of pictures in the index is not there as the source has it (``Shortened``).
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
    malformed: Counter[str] = field(default_factory=Counter)
    undeclared: tuple[str, ...] = ()
    shortened: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    encode_seconds: float = 0.0


@dataclass(frozen=True)
class Shortened:
    """A picture that is in the index, and what of it is not there as the source has it: its kind, and why."""

    path: Path
    kind: str
    reason: str


#: A file that was skipped, one that is there with a part left out, or the report so far: the same object each time.
Event: TypeAlias = "IngestReport | Skipped | Shortened"


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

    def progress(self) -> None:
        """Pass the report so far on."""
        self.report.seconds = time.monotonic() - self._started
        self.on_event(self.report)

    def finish(self) -> IngestReport:
        """The report of a run that has ended."""
        self.report.skipped = Counter(dict(self.report.skipped.most_common()))
        self.report.seconds = time.monotonic() - self._started
        return self.report
