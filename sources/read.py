"""One entry for every layout: a source by its path, which is read by what it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, get_args

from clipseek.files.cache import user_cache

from .errors import SourceError, SourceNotFound, UnknownLayout
from .fields import Columns
from .folder import is_image_name, read_folder
from .hub import is_hub, read_hub
from .imageclef import is_imageclef, read_imageclef
from .karpathy import read_karpathy
from .manifest import read_jsonl, read_table
from .parquet import read_parquet
from .record import Record, Skipped, shown
from .roco import is_roco, read_roco
from .selection import Selection
from .webdataset import is_tar_name, is_webdataset, read_webdataset

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: A source that takes longer to count is read without a total.
COUNTING_SECONDS = 2.0
Layout: TypeAlias = Literal[
    "auto", "folder", "tsv", "csv", "jsonl", "json", "parquet", "webdataset", "imageclef", "roco", "hub"
]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
_FOLDERS = ("folder", "imageclef", "roco")

_BY_SUFFIX: dict[str, Layout] = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".tar": "webdataset",
}


class Reading(TypedDict, total=False):
    """How a source is read: the fields of ``Source``."""

    layout: Layout
    image_column: str
    caption_column: str
    id_column: str
    group_column: str
    exclude: tuple[str, ...]
    include: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """``path`` and how it is read; it can be iterated more than once: to count it, to draw samples, and to use it."""

    path: Path
    layout: Layout = "auto"
    image_column: str = "image"
    caption_column: str = "caption"
    id_column: str = "id"
    group_column: str = "group"
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Record | Skipped]:
        """Every record, and every file of a folder that is none, in an order that is the same each time; of a folder only the
        files that ``exclude`` and ``include`` mean (``Selection``).

        A stream: memory does not grow with the source. Rows of one picture that follow each other become one record with
        several captions. Relative paths are relative to the manifest. Whether a picture exists is not examined. Raises
        SourceError: before the first record where the source is not there or cannot be understood, later with file and
        line.
        """
        chosen = _layout(self.path, self.layout)
        columns = Columns(self.image_column, self.caption_column, self.id_column, self.group_column)
        selection = Selection(self.exclude, self.include)
        if not selection or chosen == "folder":
            return self._entries(chosen, columns, selection)
        if not self.path.is_dir():
            raise SourceError(f"{shown(self.path)} is no folder; --exclude and --include choose among a folder's files")
        return selection.of(self._entries(chosen, columns, selection), self.path)

    def _entries(self, chosen: Layout, columns: Columns, selection: Selection) -> Iterator[Record | Skipped]:
        path = self.path
        if chosen == "folder":
            return read_folder(path, columns, selection)
        if chosen == "webdataset":
            return read_webdataset(path, columns)
        if chosen == "hub":
            return read_hub(path, columns, user_cache())
        if chosen == "imageclef":
            return _merged(read_imageclef(path))
        if chosen == "roco":
            return _merged(read_roco(path))
        if chosen == "json":
            return _merged(read_karpathy(path))
        if chosen == "parquet":
            return _merged(read_parquet(path, columns))
        if chosen == "jsonl":
            return _merged(read_jsonl(path, columns))
        return _merged(read_table(path, columns, tabs=chosen == "tsv"))

    def records(self) -> Iterator[Record]:
        """Without what is no picture. A sidecar that cannot be read raises: a caption must not be lost in silence."""
        for entry in self:
            if isinstance(entry, Record):
                yield entry
            elif entry.error is not None:
                raise entry.error

    @property
    def repeatable(self) -> bool:
        """False for a pipe, like the shell's ``<(command)``: it gives what it has only once."""
        return self.path.is_file() or self.path.is_dir()

    def check(self) -> None:
        """Read the first record, so that a wrong path is reported at once. Raises SourceError."""
        if self.repeatable or not self.path.exists():
            next(self.records(), None)

    def count(self, seconds: float = COUNTING_SECONDS) -> int | None:
        """How many entries there are; None where that takes longer, fails, or would use a pipe up."""
        if not self.repeatable:
            return None
        until = time.monotonic() + seconds
        number = 0
        try:
            for number, _ in enumerate(self, 1):
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


def _layout(source: Path, layout: Layout) -> Layout:
    """The layout to read ``source`` with: the given one, else by what it is and how it is named."""
    if layout not in LAYOUTS:
        raise UnknownLayout(f"layout {layout!r} is not known; choose one of {', '.join(LAYOUTS)}")
    if layout in ("auto", "hub") and is_hub(source):
        return "hub"
    try:
        exists, is_folder = source.exists(), source.is_dir()
    except (OSError, ValueError) as problem:
        raise SourceNotFound(f"{shown(source)} cannot be read: {problem}") from None
    if not exists and layout in ("auto", "webdataset") and "{" in source.name and source.suffix.lower() == ".tar":
        return "webdataset"
    if not exists:
        raise SourceNotFound(
            f"{shown(source)} is not there; name a folder of pictures or a manifest (TSV, CSV, JSONL, Parquet)"
        )
    if layout == "auto":
        if is_folder:
            if is_imageclef(source):
                return "imageclef"
            if is_roco(source):
                return "roco"
            return "webdataset" if is_webdataset(source) else "folder"
        if (by_suffix := _BY_SUFFIX.get(source.suffix.lower())) is not None:
            return by_suffix
        if is_tar_name(source):
            return "webdataset"
        if is_image_name(source):
            raise UnknownLayout(f"{shown(source)} is a picture; name its folder, or a manifest that lists it")
        raise UnknownLayout(
            f"{shown(source)} has no suffix of a manifest (.tsv, .csv, .jsonl, .json, .parquet, .tar); say what it is "
            "with --layout tsv, csv or jsonl"
        )
    if is_folder != (layout in _FOLDERS) and layout != "webdataset":
        what = "a folder" if is_folder else "a file"
        raise SourceError(f"{shown(source)} is {what}, which --layout {layout} does not read; leave --layout out")
    return layout


def _merged(records: Iterator[Record]) -> Iterator[Record]:
    """Rows of one picture that follow each other and have the same id become one record with all their captions."""
    held: Record | None = None
    try:
        for record in records:
            if held is not None and record.image == held.image and record.id == held.id:
                captions = dict.fromkeys(held.captions + record.captions)
                held = replace(held, captions=tuple(captions), group=held.group or record.group)
            else:
                if held is not None:
                    yield held
                held = record
    except SourceError:
        # What came before the broken line is still good.
        if held is not None:
            yield held
        raise
    if held is not None:
        yield held
