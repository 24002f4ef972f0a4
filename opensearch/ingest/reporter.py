"""Counts a run of ``ingest`` into its report while it goes on, and passes its events on."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from clipseek.sources import Skipped

from ..index.documents import Item
from ..index.picture_text import TEXT
from ..index.whole import Whole
from ..server.retry import Retried
from .report import REFUSED, Ended, Ending, Event, IngestReport, Shortened, UnfoundValue


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

    def skip_item(self, item: Item, kind: str, reason: str, *, taken: bool = True) -> None:
        """``skip`` of an entry, or of a part of one, whose entry was ``taken`` with its first part."""
        if item.whole is None or item.part is None:
            self.skip(Skipped(item.path, kind, reason, captions=item.captions_in), taken=taken)
        elif item.whole.fail(item.part.name, kind, reason):
            self._end_whole(item, item.whole)

    def end_item(
        self,
        item: Item,
        state: Ending,
        *,
        encoded: bool = False,
        reason: str = "",
        name: str = "",
        documents: int = 1,
    ) -> None:
        """``end`` of an entry, which is so many ``documents``, or of a part of one. ``name``: the document's id, where
        the item does not know it."""
        if item.whole is None or item.part is None:
            if documents > 1:
                self.report.parted += 1
                self.report.parts += documents
            lost = item.captions_in if state == "rejected" else 0
            self.end(Ended(item.path, state, name or item.id, reason), encoded=encoded, captions=lost)
        elif state == "rejected":
            self.skip_item(item, REFUSED, reason)
        elif item.whole.end(state, encoded=encoded):
            self._end_whole(item, item.whole)

    def _end_whole(self, item: Item, whole: Whole) -> None:
        """Of an entry of several documents the last has ended: it counts once."""
        name, kind, reason = whole.failed or ("", "", "")
        if not whole.there:
            if kind == REFUSED:
                self.end(Ended(item.path, "rejected", whole.id, reason), captions=item.captions_in)
            else:
                self.skip(Skipped(item.path, kind, f"{name}: {reason}", captions=item.captions_in), taken=True)
            return
        self.report.parted += 1
        self.report.parts += whole.there
        self.end(Ended(item.path, whole.state, whole.id), encoded=whole.encoded)
        if whole.failed:
            why = f"{whole.ended['failed']:,} of {whole.parts:,} parts are left out, the first {name}: {reason}"
            self.shorten(Shortened(item.path, "parts left out", why))

    def _lose(self, kind: str, captions: int, *, taken: bool) -> None:
        if captions:
            self.report.captions_lost[kind] += captions
            self.report.captions -= captions if taken else 0

    def end(self, entry: Ended, *, encoded: bool = False, captions: int = 0) -> None:
        """Count what became of an entry, and pass it on; ``captions`` are lost with it, where it was rejected."""
        self._lose(REFUSED, captions, taken=True)
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
