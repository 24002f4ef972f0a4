"""One entry for every layout: a source by its path, which is read by what it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from .data_sets.hub import is_hub, own_split
from .data_sets.imageclef import as_in_the_talk
from .data_sets.imagefolder import read_imagefolder
from .embedded.stage import CaptionsFrom, OwnWords
from .entries import without_blank
from .errors import SourceError
from .fields import Columns
from .folders.selection import Selection
from .folders.stdin import is_stdin
from .layout import Layout, layout_of, recognised
from .manifests.described import SAMPLE, described, doubtful, unread_tables, without_captions
from .readers import entries_of
from .record import Record, Skipped, records_of, shown
from .splits import EVERY, TALK, Chosen, Splits

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .figure_captions import Cleaning

#: A source that takes longer to count is read without a total.
COUNTING_SECONDS = 0.5


class Reading(TypedDict, total=False):
    """How a source is read: the fields of ``Source``."""

    layout: Layout
    image_column: str
    caption_column: str
    id_column: str
    group_column: str
    exclude: tuple[str, ...]
    include: tuple[str, ...]
    splits: Splits
    captions: CaptionsFrom
    sidecar: Literal["lines", "whole"]
    encoding: str
    separator: str
    images: Path | None
    dicom_tags: tuple[str, ...]
    own_fields: bool
    place: bool
    clean: bool


@dataclass(frozen=True)
class Source:
    """``path`` and how it is read; it can be iterated more than once: to count it, to draw samples, and to use it.

    ``captions``, ``own_fields`` and ``place`` are ``OwnWords``' of the pictures' own files; ``sidecar``, ``encoding``,
    ``separator`` and ``images`` are those of ``Columns``. ``clean``: captions of figures without what says nothing of the picture
    (figure_captions.py), not those inside pictures.
    """

    path: Path
    layout: Layout = "auto"
    image_column: str = "image"
    caption_column: str = "caption"
    id_column: str = "id"
    group_column: str = "group"
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    splits: Splits = EVERY
    captions: CaptionsFrom = "auto"
    sidecar: Literal["lines", "whole"] = "lines"
    encoding: str = ""
    separator: str = ""
    images: Path | None = None
    dicom_tags: tuple[str, ...] = ()
    own_fields: bool = False
    place: bool = False
    clean: bool = False
    _unread: bool = False

    def __iter__(self) -> Iterator[Record | Skipped]:
        """Every record of the splits, and every file of a folder that is none, in an order that is the same each time; of a
        folder only the files that ``exclude`` and ``include`` mean (``Selection``).

        A stream: memory does not grow with the source. Rows of one picture that follow each other become one record with
        several captions. Relative paths are relative to the manifest. Whether a picture exists is not examined. Raises
        SourceError: before the first record where the source is not there or cannot be understood, later with file and
        line, or at the end where it lacks a split.
        """
        return iter(self.chosen())

    def chosen(self) -> Chosen:
        """The entries as ``__iter__`` gives them, which also count what each split has."""
        cleaning: Cleaning | None = None
        if self.clean:
            from . import figure_captions  # whose patterns are compiled for those alone who clean

            cleaning = figure_captions.Cleaning()
        entries = self._selected(cleaning)
        entries = as_in_the_talk(entries) if self._resplit else entries
        return Chosen(entries, self._wanted, shown(self.path), cleaning)

    @property
    def _resplit(self) -> bool:
        return TALK in self.splits.names and layout_of(self.path, self.layout) == "imageclef"

    @property
    def _wanted(self) -> Splits:
        if own_split(self.path) and not self.splits.names:
            return EVERY  # the path names the split
        names = tuple(name for name in self.splits.names if name != TALK or not self._resplit)
        return replace(self.splits, names=names)

    def _selected(self, cleaning: Cleaning | None = None) -> Iterator[Record | Skipped]:
        """What ``exclude`` and ``include`` leave, of every split."""
        chosen = layout_of(self.path, self.layout)
        columns = self.columns
        selection = Selection(self.exclude, self.include)
        entries = entries_of(self.path, chosen, columns, selection, self.splits)
        if selection and chosen != "folder":
            if not self.path.is_dir():
                raise SourceError(
                    f"{shown(self.path)} is no folder; --exclude and --include choose among a folder's files"
                )
            entries = selection.of(entries, self.path)
        if cleaning is not None:
            entries = cleaning.through(entries)
        if not self._unread:
            entries = self.own_words.of(entries)
        return without_blank(entries)

    def unread(self) -> Source:
        """The same source, whose records lack what the pictures' own files say: ``own_words`` adds that, record by record."""
        return replace(self, _unread=True)

    @property
    def own_words(self) -> OwnWords:
        """What of the pictures' own files is wanted."""
        return OwnWords(self.captions, self.own_fields, self.place, self.dicom_tags)

    @property
    def columns(self) -> Columns:
        """Which column holds what, and how texts and paths are read."""
        return Columns(
            self.image_column,
            self.caption_column,
            self.id_column,
            self.group_column,
            whole=self.sidecar == "whole",
            encoding=self.encoding,
            separator=self.separator,
            images=self.images,
        )

    @property
    def recognised(self) -> str | None:
        """What a data set was recognised as without options, for one line to the user; None for plain folders and manifests, and
        where the source cannot be read."""
        return recognised(self.path) if self.layout == "auto" and self.repeatable else None

    @property
    def kind(self) -> str:
        """The name of the layout that it is read with. Raises SourceError."""
        return layout_of(self.path, self.layout)

    def doubts(self) -> list[str]:
        """What is doubtful in a manifest, a line each."""
        if not self.repeatable:
            return []
        if self._kind == "imagefolder":
            return without_captions(list(islice(read_imagefolder(self.path, self.columns), SAMPLE)))
        if self._kind == "folder" and self.layout == "auto" and self.path.is_dir():
            return unread_tables(self.path, self.columns)
        return doubtful(self.path, self._kind, self.columns)

    def described(self) -> str:
        """What the source is, in words."""
        return self.recognised or described(self.path, self._kind, self.columns) or self._kind

    @property
    def _kind(self) -> str:
        try:
            return layout_of(self.path, self.layout)
        except SourceError:
            return ""

    def records(self) -> Iterator[Record]:
        """Without what is no picture. A sidecar that cannot be read raises: a caption must not be lost in silence."""
        return records_of(self)

    @property
    def repeatable(self) -> bool:
        """False for a pipe, like the shell's ``<(command)``: it gives what it has only once."""
        return not is_stdin(self.path) and (self.path.is_file() or self.path.is_dir())

    def check(self) -> None:
        """Read the first record, and check the splits, so that a wrong path or name is reported at once. Raises SourceError."""
        if self.repeatable or not self.path.exists():
            first = next(records_of(self._selected()), None)
            if self.splits.names or (first is not None and first.split is not None):
                self.check_splits()

    def check_splits(self) -> None:
        """Read on to where each split was seen that is wanted. Raises UnknownSplit; does nothing for a pipe, nor where every
        record is wanted."""
        wanted = self._wanted
        if wanted.every or not (self.repeatable or is_hub(self.path)):
            return
        chosen = self.chosen()
        for _ in chosen:
            if not wanted.names or is_hub(self.path) or wanted.names_are_in(chosen.present):
                return

    def count(self, seconds: float = COUNTING_SECONDS) -> int | None:
        """How many entries there are; None where that takes longer, fails, or would use a pipe up."""
        if not self.repeatable:
            return None
        until = time.monotonic() + seconds
        number = 0
        try:
            for number, _ in enumerate(self.unread(), 1):
                if number % 1000 == 0 and time.monotonic() > until:
                    return None
        except Exception:
            # Whoever reads the source for good meets the same failure, and reports it.
            return None
        return number


def read_source(path: Path, **reading: Unpack[Reading]) -> Iterator[Record | Skipped]:
    """The entries of a ``Source``."""
    return iter(Source(path, **reading))


def read_records(path: Path, **reading: Unpack[Reading]) -> Iterator[Record]:
    """The records of a ``Source``."""
    return Source(path, **reading).records()
