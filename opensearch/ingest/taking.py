"""Each step of the feed to where it belongs: the model, the writer, or the report."""

from __future__ import annotations

from dataclasses import replace
from typing import Generic

from clipseek.sources import Skipped

from ..entries.decide import FOREIGN
from ..entries.steps import Changed, Foreign, New, Repeated, Step
from ..entries.texts import difference
from ..index.columns import AS_WRITTEN
from ..index.documents import Item
from ..index.picture_text import TEXT
from ..index.version import Version
from ..protocols import PictureT
from .encoding import Encoding, Waiting
from .report import Shortened
from .reporter import Reporter
from .writing import Entry, Writing

#: Unchanged entries between two reports of the progress.
_BETWEEN = 64


class Taking(Generic[PictureT]):
    """Takes the steps of a run into ``version``. ``broken`` counts entries that could not be read as their source's format; with
    ``strict``, the first of them is raised.
    """

    def __init__(
        self, version: Version, encoding: Encoding[PictureT], writing: Writing, reporter: Reporter, *, strict: bool
    ) -> None:
        self._encoding, self._writing, self._reporter = encoding, writing, reporter
        self._strict = strict
        self.broken = 0
        self._columns = set(version.fields)
        self._unreadable: dict[str, str] = {}

    def take(self, step: Step[PictureT]) -> None:
        """One step."""
        whole = None if isinstance(step, Skipped) else step.item.whole
        first = whole is None or whole.begins()
        self._reporter.report.seen += first
        if isinstance(step, Skipped):
            self._skip(step)
            return
        if first and (whole is not None or not isinstance(step, (Repeated, Foreign))):
            self._remark(step.item)
        if isinstance(step, Foreign):
            self._reporter.skip_item(step.item, FOREIGN, step.reason, taken=False)
            return
        if isinstance(step, Repeated):
            self._repeat(step)
            return
        if isinstance(step, New):
            self._decode(step)
            return
        if isinstance(step, Changed):
            self._change(step)
        else:
            self._reporter.end_item(step.item, "unchanged", name=step.id, documents=step.documents)
            if self._reporter.report.seen % _BETWEEN:  # they are many and take no time
                return
        self._reporter.progress()

    def finish(self) -> None:
        """Encode and write what is left, and wait for every answer."""
        self._encoding.encode()
        self._writing.settle()
        self._reporter.progress()

    def _skip(self, step: Skipped) -> None:
        if step.error is not None:
            self.broken += 1
            if self._strict:
                raise step.error
        self._reporter.skip(step)

    def _repeat(self, step: Repeated) -> None:
        item = step.item
        if item.id in self._unreadable and item.first in (None, item.path):
            # The copy of a broken picture is as broken, and no duplicate of anything in the index.
            self._reporter.skip_item(item, "unreadable", self._unreadable[item.id], taken=False)
        else:
            if item.whole is None:
                self._remark(item)
            if self._writing.wait(Entry(item, "joined", None, step.gone)):
                self.finish()

    def _change(self, step: Changed) -> None:
        item, state, fields = step.item, step.verdict.state, dict(step.verdict.fields)
        assert state in ("replaced", "joined", "unchanged")  # the feed sends others as New and Skipped
        if step.text is not None:
            read = self._reporter.read_text(item.path, step.text)
            new = difference(read, step.before)
            state = "replaced" if state == "unchanged" and TEXT in new else state
            item, fields = replace(item, text=read), {**fields, **new}
        self._writing.change([Entry(item, state, None, step.gone)], fields, step.state)

    def _decode(self, step: New[PictureT]) -> None:
        item = step.item
        try:
            picture = step.picture.result()
        except Exception as problem:
            # ImageError says why. Anything else is a decoder's own failure, and must not cost the other pictures.
            reason = str(problem) if isinstance(problem, ValueError) else f"{type(problem).__name__}: {problem}"
            self._unreadable[item.id] = reason
            self._reporter.skip_item(item, "unreadable", reason)
            return
        if step.text is not None:
            item = replace(item, text=self._reporter.read_text(item.path, step.text))
        self._encoding.add(Waiting(item, picture, step.state, step.gone, step.rules))

    def _remark(self, item: Item) -> None:
        """What of an entry will not be found as its source has it; its captions count as searchable until it is skipped."""
        self._reporter.report.captions += item.captions_in
        if item.caption_cut:
            kept = len(item.caption.encode())
            reason = f"its caption has {kept + item.caption_cut:,} bytes; the first {kept:,} are kept"
            self._reporter.shorten(Shortened(item.path, "caption cut", reason))
        self._reporter.unfound(item)
        report = self._reporter.report
        known = {*self._columns, *report.undeclared}
        report.undeclared += tuple(
            name for name in item.metadata if name not in known and name.removesuffix(AS_WRITTEN) not in known
        )
