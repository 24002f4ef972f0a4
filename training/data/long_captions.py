"""Captions longer than a model's context become several: else the model reads no further than its context.

A long caption is divided into sentences, a longer sentence into clauses, a longer clause into words, and neighbours are put
together again up to the context: as few captions as that takes, in their order, the same each time. They have every word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from clipseek.evaluation.judgments import caption_key
from clipseek.sources import Record, Skipped
from clipseek.sources.figure_captions import ORIGINAL

from .survey import CountTokens

EXAMPLES = 3
#: Tokens that mark both ends of a text.
ENDS = 2
_AT_ONCE = 2_000
_ABBREVIATIONS = (
    r"(?<!\b[Ff]ig\.)(?<!\b[Dd]r\.)(?<!\b[Nn]o\.)(?<!\bvs\.)(?<!\bcf\.)(?<!\bca\.)(?<!\bal\.)(?<!\be\.g\.)(?<!\bi\.e\.)"
)
_AFTER_SENTENCE = r"(?:(?<=[.!?])|(?<=[.!?][\"'’”)\]]))"
#: A sentence ends before a capital, a digit or a bracket: "approx. 5 cm" may be cut in two, "St. Anne" too, but no word is lost.
_SENTENCE_END = re.compile(rf"\n+|(?<=[。！？])|{_AFTER_SENTENCE}{_ABBREVIATIONS}\s+(?=[^\W_a-z]|[(\[\"'“‘])")
_CLAUSE_END = re.compile(r"(?<=[;:,])\s+|(?<=[，；、：])")
_SPACE = re.compile(r"\s+")


@dataclass
class LongCaptions:
    """``count``: tokens of texts, the two that mark the ends among them; ``context``: how many the model reads.

    Of what passed: ``captions`` were too long ``of`` all, and became ``pieces``; the first as ``examples``. With ``split`` false
    they stay as they are, to be cut, and are counted only.
    """

    count: CountTokens
    context: int
    split: bool = True
    captions: int = 0
    of: int = 0
    pieces: int = 0
    examples: list[tuple[str, list[str]]] = field(default_factory=list)

    def through(self, entries: Iterable[Record | Skipped]) -> Iterator[Record | Skipped]:
        """``entries``, in their order; a record whose captions were divided has those of before in its metadata, as a cleaned one
        has, and one without a group that had one caption is of the group that this caption was."""
        waiting = iter(entries)
        while part := list(islice(waiting, _AT_ONCE)):
            records = [entry for entry in part if isinstance(entry, Record)]
            made = iter(self._divided([text for record in records for text in record.captions]))
            for entry in part:
                yield (
                    self._record(entry, list(islice(made, len(entry.captions)))) if isinstance(entry, Record) else entry
                )

    def records(self, records: Iterable[Record]) -> list[Record]:
        """The same of records alone."""
        return [entry for entry in self.through(records) if isinstance(entry, Record)]

    def _record(self, record: Record, made: list[list[str]]) -> Record:
        if not self.split or all(len(pieces) == 1 for pieces in made):
            return record
        own = record.captions
        metadata = {ORIGINAL: own[0] if len(own) == 1 else own, **record.metadata}
        group = record.group or (caption_key(own[0]) if len(own) == 1 else None)
        captions = tuple(dict.fromkeys(piece for pieces in made for piece in pieces))
        return replace(record, captions=captions, group=group, metadata=metadata)

    def _divided(self, texts: list[str]) -> list[list[str]]:
        made = [[text] for text in texts]
        self.of += len(texts)
        # A token is a byte at least.
        doubtful = [at for at, text in enumerate(texts) if len(text.encode("utf-8", "replace")) > self.context - ENDS]
        lengths = self.count([texts[at] for at in doubtful]) if doubtful else []
        for at, length in zip(doubtful, lengths, strict=True):
            if length <= self.context:
                continue
            self.captions += 1
            made[at] = divided(texts[at], self.count, self.context) if self.split else made[at]
            self.pieces += len(made[at])
            if len(self.examples) < EXAMPLES:
                self.examples.append((texts[at], made[at]))
        return made

    def lines(self) -> list[str]:
        """For a person, after the pass; none where every caption fits."""
        if not self.captions:
            return []
        said = (
            f"{self.captions:,} of {self.of:,} captions are longer than the {self.context} tokens that the model reads"
        )
        if not self.split:
            return [f"{said}: cut there (--long-captions split makes several of each)"]
        shown = [
            f"  {_short(text)!r} -> {len(made)}: {', '.join(repr(_short(own)) for own in made)}"
            for text, made in self.examples
        ]
        return [f"{said}: divided into {self.pieces:,} (--long-captions cut leaves them whole, to be cut)", *shown]


def divided(text: str, count: CountTokens, context: int) -> list[str]:
    """``text`` as captions of at most ``context`` tokens; a single word that is longer, by its characters."""
    room = max(1, context - ENDS)

    def characters(part: str) -> list[str]:
        step = max(1, room // 4)  # at most four bytes, and so four tokens, each
        return [part[at : at + step] for at in range(0, len(part), step)]

    ways: tuple[Callable[[str], list[str]], ...] = (_SENTENCE_END.split, _CLAUSE_END.split, _SPACE.split, characters)
    return _packed(text.strip(), ways, count, room)


def _packed(text: str, ways: Sequence[Callable[[str], list[str]]], count: CountTokens, room: int) -> list[str]:
    parts = [part for part in map(str.strip, ways[0](text)) if part]
    lengths = [length - ENDS for length in count(parts)]
    made: list[str] = []
    taken, used = "", 0
    for part, length in zip(parts, lengths, strict=True):
        if taken and used + length <= room:
            taken, used = _joined(taken, part, text), used + length
            continue
        made += [taken] if taken else []
        taken, used = part, length
        if length > room and len(ways) > 1:
            *whole, taken = _packed(part, ways[1:], count, room)
            made, used = made + whole, count([taken])[0] - ENDS
    return [*made, taken] if taken else made


def _joined(first: str, second: str, text: str) -> str:
    """As they stand in ``text``: with a blank between them, or none, as in Chinese."""
    return first + second if first + second in text else f"{first} {second}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
