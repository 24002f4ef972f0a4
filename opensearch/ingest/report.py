"""What a run of ``ingest`` counts, while it goes on and at its end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from clipseek.sources import Skipped, shown

from ..entries.decide import FOREIGN
from ..index.columns import Unfound
from ..index.documents import Item
from ..index.picture_text import TEXT
from ..server.retry import Retried

#: Characters of an example.
_EXAMPLE = 200
#: Kinds of what is skipped by intention: nothing of the user's is lost with them.
WISHED = frozenset(
    ("not an image", "made by a system", "hidden folder", "link to a folder", "excluded", "not included", "not a shard")
)


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

    ``index`` is ``None`` where the source held no picture, so that nothing was made. Every entry of the source, ``seen`` of
    them, ends as one of ``indexed``, ``replaced`` (its document said something else before), ``joined`` (to the document of its
    bytes), ``unchanged``, ``skipped`` (files by kind, the most frequent first at the end) or ``rejected`` (refused by the
    server). Of the replaced, ``updated`` were not encoded again: caption, place or columns changed; ``encoded`` counts the
    pictures that went through the model. ``pruned`` documents are not in the source any more and were removed. ``unfound``
    counts values of declared columns that no filter finds; ``undeclared`` are columns that are kept and cannot be filtered by.
    ``shortened`` counts, by kind, what of pictures in the index is not there as the source has it (``Shortened``).
    ``texts_read`` counts pictures in which words were looked for, ``texts_found`` those that have some, ``texts_passed_over``
    those that the reader leaves alone. Of the source's captions, ``captions`` are searchable, ``captions_lost`` went with what
    was skipped, by kind. ``rewritten`` counts documents that stand in the index a second time until they are expunged,
    ``expunged`` whether they were. ``retries`` counts requests that were sent again. ``notes`` are sentences for the user.
    ``unrecorded``: why the run has no record in ``clipseek-ingests``.
    """

    alias: str
    index: str | None = None
    created: bool = False
    seen: int = 0
    encoded: int = 0
    indexed: int = 0
    replaced: int = 0
    joined: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    pruned: int = 0
    unfound: list[UnfoundValues] = field(default_factory=list)
    undeclared: tuple[str, ...] = ()
    shortened: Counter[str] = field(default_factory=Counter)
    texts_read: int = 0
    texts_found: int = 0
    texts_passed_over: int = 0
    captions: int = 0
    captions_lost: Counter[str] = field(default_factory=Counter)
    rewritten: int = 0
    expunged: bool = False
    retries: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    encode_seconds: float = 0.0
    unrecorded: str = ""

    @property
    def left_out(self) -> int:
        """Entries that are not in the index and were meant to be."""
        wished = sum(self.skipped[kind] for kind in WISHED)
        return self.skipped.total() + self.rejected - wished

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


Ending: TypeAlias = Literal["indexed", "replaced", "joined", "unchanged", "rejected"]


@dataclass(frozen=True)
class Ended:
    """An entry that is in the index, or was refused by the server for ``reason``; ``id`` is its document's."""

    path: Path
    state: Ending
    id: str
    reason: str = ""


@dataclass(frozen=True)
class Pruning:
    """So many documents are about to be removed, for their source has them no more."""

    number: int


#: What became of an entry (``Ended``, or the file that was skipped), one that is there with a part left out, a value that no filter
#: finds, a request that is sent again, what is about to be removed, or the report so far: the same object each time.
Event: TypeAlias = "IngestReport | Ended | Skipped | Shortened | UnfoundValue | Retried | Pruning"


class Reporter:
    """Keeps the report of a run and passes events on, one at a time."""

    def __init__(self, alias: str, on_event: Callable[[Event], None]) -> None:
        self.report = IngestReport(alias)
        self._on_event = on_event
        self._lock = threading.RLock()
        self._started = time.monotonic()

    def tell(self, event: Event) -> None:
        """Pass an event on."""
        with self._lock:
            self._on_event(event)

    def retried(self, event: Retried) -> None:
        """Count a request that will be sent again, and pass it on; called from several threads."""
        with self._lock:
            self.report.retries += 1
            self._on_event(event)

    def skip(self, entry: Skipped, *, taken: bool = False) -> None:
        """Count a skipped file and pass it on; one that was ``taken`` before has its captions counted as searchable."""
        self.report.skipped[entry.kind] += 1
        self._lose(entry.kind, entry.captions, taken=taken)
        self.tell(entry)
        self.progress()

    def skip_foreign(self, item: Item, reason: str) -> None:
        """An entry, taken before, whose id is that of another source's document."""
        self.skip(Skipped(item.path, FOREIGN, reason, captions=item.captions_in), taken=True)

    def _lose(self, kind: str, captions: int, *, taken: bool) -> None:
        if captions:
            self.report.captions_lost[kind] += captions
            self.report.captions -= captions if taken else 0

    def end(self, entry: Ended, *, encoded: bool = False, captions: int = 0) -> None:
        """Count what became of an entry, and pass it on; ``captions`` are lost with it, where it was rejected."""
        self._lose("refused by the server", captions, taken=True)
        setattr(self.report, entry.state, getattr(self.report, entry.state) + 1)
        self.report.updated += entry.state == "replaced" and not encoded
        self.tell(entry)

    def shorten(self, entry: Shortened) -> None:
        """Count what of a picture was left out, and pass it on."""
        self.report.shortened[entry.kind] += 1
        self.tell(entry)

    def read_text(self, path: Path, text: Future[dict[str, str]]) -> dict[str, str]:
        """The fields of a picture's words, once they are read; none where they cannot be, which is counted and passed on."""
        try:
            fields = text.result()
        except Exception as problem:
            # The reader says why. Whatever else it raises costs the picture no more than its text.
            reason = str(problem) if isinstance(problem, ValueError) else f"{type(problem).__name__}: {problem}"
            self.shorten(Shortened(path, "text not read", reason))
            return {}
        self.report.texts_read += TEXT in fields
        self.report.texts_passed_over += TEXT not in fields
        self.report.texts_found += bool(fields.get(TEXT))
        return fields

    def unfound(self, item: Item) -> None:
        """Count the values of ``item`` that no filter finds, and pass each of them on."""
        for value in item.unfound:
            self.report.count_unfound(item.path, value)
            self.tell(UnfoundValue(item.path, value.column, value.value, value.reason))

    def progress(self) -> None:
        """Pass the report so far on."""
        self.report.seconds = time.monotonic() - self._started
        self.tell(self.report)

    def finish(self) -> IngestReport:
        """The report of a run that has ended."""
        self.report.skipped = Counter(dict(self.report.skipped.most_common()))
        self.report.seconds = time.monotonic() - self._started
        return self.report
