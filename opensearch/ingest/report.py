"""What a run of ``ingest`` counts, while it goes on and at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from clipseek.sources import Skipped, shown

from ..index.columns import Unfound
from ..server.retry import Retried

REFUSED = "refused by the server"
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
    ``expunged`` whether they were. Of the entries that are there, ``parted`` are several documents each (tiles, pages), ``parts``
    in all. ``retries`` counts requests that were sent again. ``notes`` are sentences for the user.
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
    parted: int = 0
    parts: int = 0
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
