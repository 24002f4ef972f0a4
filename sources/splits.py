"""Which splits of a source are read: what a data set tests with must not be trained on unasked.

A record's split is its metadata ``split``: layouts of known data sets set it, a manifest has a column of that name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import UnknownSplit
from .record import Record, Skipped

if TYPE_CHECKING:
    from .figure_captions import Cleaning

#: The name that stands for every split.
ALL = "all"
#: ImageCLEF in the splits of the talk; the names beside it, or the command's own, choose among those.
TALK = "talk"
#: Data sets name the same split differently.
_SAME = {"training": "train", "val": "validation", "valid": "validation", "dev": "validation", "testing": "test"}


def split_key(name: str) -> str:
    """What names of one split have in common: ``Training`` and ``train``, ``val``, ``valid`` and ``validation``."""
    lower = name.strip().casefold()
    return _SAME.get(lower, lower)


def is_split_name(name: str) -> bool:
    """True for what data sets call their splits: a folder of that name is one."""
    return split_key(name) in {"train", "validation", "test"}


@dataclass(frozen=True)
class Splits:
    """``names``: the splits that the user named, or ``all``. Where there are none, and the source knows its splits,
    ``otherwise`` has those that are taken instead: the first one that is there; every record where it is empty.

    ``lone``: a source with one split alone is read whatever that is called, because naming the source meant it. ``hint``: what
    to do where a split is missing.
    """

    names: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    lone: bool = False
    hint: str = "choose with --split, or take every record with --split all"

    @property
    def every(self) -> bool:
        """True where no record is left out, whatever its split."""
        return ALL in self.names or not (self.names or self.otherwise)

    def names_are_in(self, present: Sequence[str]) -> bool:
        """True where each named split is among ``present``."""
        return {split_key(name) for name in self.names} <= {split_key(name) for name in present}

    def pick(self, present: Sequence[str], source: str) -> list[str]:
        """Those of the splits ``present`` that are read. Raises UnknownSplit, which lists them, where a wanted one is missing."""
        if self.every or (self.lone and not self.names and len(present) == 1):
            return list(present)
        there = {split_key(name) for name in present}
        wanted = {split_key(name) for name in self.names}
        if not self.names:
            wanted = {next((name for name in self.otherwise if name in there), self.otherwise[0])}
        if missing := wanted - there:
            asked = [name for name in self.names or self.otherwise[:1] if split_key(name) in missing]
            if not present:
                raise UnknownSplit(
                    f"{source} has no split {asked[0]!r}, nor any other: no record says its split, as a manifest does in the "
                    "column 'split'; leave --split out"
                )
            raise UnknownSplit(f"{source} has no split {asked[0]!r}; its splits are {', '.join(present)}: {self.hint}")
        return [name for name in present if split_key(name) in wanted]


#: Every record, whatever its split.
EVERY = Splits()


class Chosen:
    """The entries of a source that ``splits`` takes: one pass, which fills ``counts``, the records of each split (None for
    those that name none), and ``taken``, the splits that are read, None for every record.

    Where splits are named, or all are taken, this is a stream. Where they follow from what the source has, its records
    are held until the last is read.
    """

    def __init__(
        self, entries: Iterator[Record | Skipped], splits: Splits, source: str, cleaning: Cleaning | None = None
    ) -> None:
        self.counts: Counter[str | None] = Counter()
        self.taken: list[str] | None = None
        self.cleaning = cleaning
        self._entries, self._splits, self._source = entries, splits, source

    def __iter__(self) -> Iterator[Record | Skipped]:
        """Raises UnknownSplit after the last entry where a wanted split was not seen."""
        entries: Iterable[Record | Skipped] = self._counted()
        if self._splits.every:
            yield from entries
            return
        wanted = {split_key(name) for name in self._splits.names}
        if not wanted:
            entries = list(entries)
            if not self.present:
                yield from entries
                return
            wanted = {split_key(name) for name in self._pick()}
        for entry in entries:
            if isinstance(entry, Skipped) or (entry.split is not None and split_key(entry.split) in wanted):
                yield entry
        self._pick()

    @property
    def present(self) -> list[str]:
        """The splits seen so far, in their order."""
        return [name for name in self.counts if name is not None]

    @property
    def read(self) -> list[str]:
        """The splits that the records came from. To be asked after the pass."""
        return self.present if self.taken is None else self.taken

    def line(self) -> str | None:
        """What was read and cleaned, for a person; None where the source knows no splits and nothing was to be cleaned.

        To be asked after the pass.
        """
        cleaned = [f"{self._source}: {line}" for line in self.cleaning.lines()] if self.cleaning is not None else []
        return "\n".join(filter(None, [self._split_line(), *cleaned])) or None

    def _split_line(self) -> str | None:
        if not self.present:
            return None
        each = {name: f"{number:,} of {name or 'no split'}" for name, number in self.counts.items()}
        if self.taken is None:
            return f"{self._source}: every split ({', '.join(each.values())}); --split chooses"
        number = sum(self.counts[name] for name in self.taken)
        left = [text for name, text in each.items() if name not in self.taken]
        rest = f"; left out: {', '.join(left)}" if left else ""
        hint = "" if self._splits.names or not left else " (--split chooses others)"
        return (
            f"{self._source}: split {', '.join(self.taken)}, {number:,} record{'' if number == 1 else 's'}{rest}{hint}"
        )

    def _counted(self) -> Iterator[Record | Skipped]:
        for entry in self._entries:
            if isinstance(entry, Record):
                self.counts[entry.split] += 1
            yield entry

    def _pick(self) -> list[str]:
        self.taken = self._splits.pick(self.present, self._source)
        return self.taken
