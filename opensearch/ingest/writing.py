"""Documents on their way into the index, and what becomes of their entries.

Several writers may fill one index. So a document is made only where there is none, and changed only in the state in which it was
read; where somebody was quicker, it is read again and decided again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from clipseek.sources import shown

from ..bulk.actions import Action, Answered, Kind
from ..bulk.rejected import DeadLetters
from ..bulk.writer import BulkWriter
from ..entries.decide import FOREIGN, decide, merge, of_another, without_entries
from ..entries.known import Document, Known
from ..entries.texts import difference
from ..errors import IngestFailed
from ..index.columns import DeclaredColumns
from ..index.documents import Item, create_action, delete_action, index_action, timestamp, update_action
from ..index.words.captions import stored_caption
from .report import Ending, Shortened
from .reporter import Reporter

#: Entries that wait for others are dealt with together; how often a document is decided anew that others keep writing.
WAITING, ROUNDS = 512, 30


@dataclass(frozen=True)
class Entry:
    """An entry that becomes ``state`` once the server has taken its action. ``document``: its own, where it was encoded.
    ``gone``: ids of documents that spoke of it before. ``sent``: its action met another state of the document than it was made for.
    """

    item: Item
    state: Ending
    document: Mapping[str, Any] | None = None
    gone: tuple[str, ...] = ()
    sent: bool = False


@dataclass(frozen=True)
class _About:
    """The entries of an action; they have left its document where it ``removes`` them, and have ended already."""

    entries: Sequence[Entry]
    removes: bool = False


class Writing:
    """Brings entries into ``index`` by ``writer``, and tells ``reporter`` what became of each; for one thread."""

    def __init__(
        self,
        writer: BulkWriter,
        known: Known,
        index: str,
        columns: DeclaredColumns,
        reporter: Reporter,
        letters: DeadLetters,
    ) -> None:
        self._writer, self._known, self._index, self._columns = writer, known, index, columns
        self._reporter, self._letters = reporter, letters
        self._waiting: list[Entry] = []
        self._gone: dict[str, list[Entry]] = {}

    def put(self, entry: Entry, state: Mapping[str, int] | None = None) -> None:
        """A document that is new, or takes the place of the one with its id that was read in ``state``."""
        assert entry.document is not None  # who puts has encoded
        own = entry.item.id
        if state is None:
            self._send("create", create_action(self._index, own, entry.document), [entry])
        else:
            self._send("index", index_action(self._index, own, entry.document, state), [entry])

    def change(self, entries: Sequence[Entry], fields: Mapping[str, Any], state: Mapping[str, int]) -> None:
        """Some fields of the document of ``entries``, which was read in ``state``; none: they are ended as they are."""
        if not fields:
            for entry in entries:
                self._end(entry)
            return
        # What nobody sees does not make a document a newer one.
        now = None if all(entry.state == "unchanged" for entry in entries) else timestamp()
        self._send("update", update_action(self._index, entries[0].item.id, fields, now, state), entries)

    def wait(self, entry: Entry) -> bool:
        """An entry whose document is under way: it is joined to it when that is there. True where enough of them wait to
        ``settle``.
        """
        self._waiting.append(entry)
        return len(self._waiting) >= WAITING

    def settle(self) -> None:
        """Send everything and wait for it, until nothing is left to be decided."""
        for _ in range(ROUNDS):
            self._writer.settle()
            self.take_answers()
            waiting, self._waiting = self._waiting, []
            gone, self._gone = self._gone, {}
            if not waiting and not gone:
                return
            self._decide_again(waiting)
            self._remove_entries(gone)
        raise IngestFailed(
            f"documents of index {self._index} were written by somebody else {ROUNDS} times while this run wrote them; run it again"
        )

    def take_answers(self) -> None:
        """Count what the server has said so far."""
        while self._writer.answers:
            answer = self._writer.answers.popleft()
            about: _About = answer.action.about
            if answer.state == "taken":
                self._reporter.report.rewritten += answer.action.kind != "create"
            if about.removes:
                if answer.state == "conflict":
                    self._gone.setdefault(answer.action.id, []).extend(about.entries)
            elif answer.state == "conflict":
                self._waiting.extend(replace(entry, sent=True) for entry in about.entries)
            elif answer.state == "refused":
                self._refuse(answer, about.entries)
            else:
                for entry in about.entries:
                    self._end(entry)

    def _send(self, kind: Kind, body: bytes, entries: Sequence[Entry], removed_from: str = "") -> None:
        name = removed_from or entries[0].item.id
        self._writer.add(Action(kind, name, entries[0].item.path, body, _About(entries, bool(removed_from))))
        self.take_answers()

    def _end(self, entry: Entry) -> None:
        for name in entry.gone:
            self._gone.setdefault(name, []).append(entry)
        self._reporter.end_item(entry.item, entry.state, encoded=entry.document is not None)

    def _refuse(self, answer: Answered, entries: Sequence[Entry]) -> None:
        self._letters.write(answer, str(entries[0].item.path))
        for entry in entries:
            self._reporter.end_item(entry.item, "rejected", reason=answer.reason)

    def _decide_again(self, waiting: Sequence[Entry]) -> None:
        groups: dict[str, list[Entry]] = {}
        for entry in waiting:
            groups.setdefault(entry.item.id, []).append(entry)
        documents = self._known.documents(list(groups))
        for name, group in groups.items():
            document = documents.get(name)
            if document is None:
                self._make_again(group)
            elif group[0].item.own_id:
                self._own_group(group, document)
            else:
                self._merge(group, document)

    def _merge(self, group: Sequence[Entry], document: Document) -> None:
        """The entries of one document join it together."""
        fields, states = merge([entry.item for entry in group], document.fields, self._columns)
        # What this run made itself, and was answered twice for, is as new as before.
        again = [
            entry if entry.sent and state == "unchanged" else replace(entry, state=cast(Ending, state))
            for entry, state in zip(group, states, strict=True)
        ]
        texts = [difference(entry.item.text, document.fields) for entry in group if entry.item.text]
        self._say_cut(group[-1].item, fields.get("source_places") or ())
        self.change(again, {**fields, **(texts[-1] if texts else {})}, document.state)

    def _say_cut(self, item: Item, places: Sequence[Mapping[str, Any]]) -> None:
        """Say where a document's captions, of all its ``places``, are longer together than is kept."""
        captions = dict.fromkeys(text for place in places for text in place.get("captions", ()))
        kept, cut = stored_caption(tuple(captions))
        if cut:
            size = len(kept.encode())
            reason = f"the captions of its document have {size + cut:,} bytes together; the first {size:,} are kept"
            self._reporter.shorten(Shortened(item.path, "caption cut", reason))

    def _own_group(self, group: Sequence[Entry], document: Document) -> None:
        """Entries of one id of their own: the first is written before those that come again, which join it if they are the same
        picture."""
        firsts = [entry for entry in group if entry.item.first is None]
        if firsts:
            for entry in firsts:
                self._own_again(entry, document)
            self._waiting += [entry for entry in group if entry.item.first is not None]
            return
        joining: list[Entry] = []
        for entry in group:
            verdict = of_another(entry.item, document.fields)
            if verdict is None:
                joining.append(entry)
            elif verdict.state == "foreign":
                self._reporter.skip_item(entry.item, FOREIGN, verdict.reason)
            elif verdict.state == "encode":
                self._refuse_repeated(entry.item)
            else:
                self._end(replace(entry, state="unchanged"))
        if joining:
            self._merge(joining, document)

    def _refuse_repeated(self, item: Item) -> None:
        """An entry whose id came before in this run, with another picture."""
        assert item.first is not None  # else it would have come first
        self._reporter.skip_item(item, "duplicate", f"its id {item.id!r} is that of {shown(item.first)} already")

    def _make_again(self, group: list[Entry]) -> None:
        """There is no document: the first that has one makes it, and the others wait for that."""
        own = next((entry for entry in group if entry.document is not None), None)
        for entry in group:
            if own is None and entry.item.first is not None:
                self._refuse_repeated(entry.item)
            elif own is None:
                self._reporter.skip_item(entry.item, "unreadable", "the first file that has its bytes has no document")
            elif entry is own:
                self.put(entry)
            else:
                self._waiting.append(entry)

    def _own_again(self, entry: Entry, document: Document) -> None:
        verdict = decide(entry.item, document.fields, self._columns)
        if verdict.state == "encode":
            self.put(replace(entry, state="replaced"), document.state)
        elif verdict.state == "foreign":
            self._reporter.skip_item(entry.item, FOREIGN, verdict.reason)
        else:
            state = entry.state if verdict.state == "unchanged" else verdict.state
            fields = {**verdict.fields, **difference(entry.item.text, document.fields)}
            self.change([replace(entry, state=state)], fields, document.state)

    def _remove_entries(self, gone: Mapping[str, list[Entry]]) -> None:
        """Documents of which entries were until their files changed: without these, or deleted where nothing is left of them."""
        for name, document in self._known.documents(list(gone)).items():
            entries = gone[name]
            keys = {entry.item.key for entry in entries}
            fields = without_entries(document.fields, keys, {entry.item.image_uri for entry in entries})
            if fields is None:
                self._send("delete", delete_action(self._index, name, document.state), entries, name)
            elif fields:
                self._send(
                    "update", update_action(self._index, name, fields, timestamp(), document.state), entries, name
                )
