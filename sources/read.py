"""One entry for every layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args

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
from .webdataset import is_webdataset, read_webdataset

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


def read_source(
    source: Path,
    *,
    layout: Layout = "auto",
    image_column: str = "image",
    caption_column: str = "caption",
    id_column: str = "id",
    group_column: str = "group",
) -> Iterator[Record | Skipped]:
    """Every record of ``source``, and every file of a folder that is none, in an order that is the same each time.

    A stream: memory does not grow with the source. Rows of one picture that follow each other become one record with
    several captions. Relative paths are relative to the manifest. Whether a picture exists is not looked at. Raises
    SourceError: before the first record where the source is not there or cannot be understood, later with file and
    line.
    """
    columns = Columns(image_column, caption_column, id_column, group_column)
    chosen = _layout(source, layout)
    if chosen == "folder":
        return read_folder(source, columns)
    if chosen == "imageclef":
        return _merged(read_imageclef(source))
    if chosen == "roco":
        return _merged(read_roco(source))
    if chosen == "webdataset":
        return read_webdataset(source, columns)
    if chosen == "hub":
        return read_hub(source, columns, user_cache())
    if chosen == "json":
        return _merged(read_karpathy(source))
    if chosen == "parquet":
        return _merged(read_parquet(source, columns))
    if chosen == "jsonl":
        return _merged(read_jsonl(source, columns))
    return _merged(read_table(source, columns, tabs=chosen == "tsv"))


def read_records(
    source: Path,
    *,
    layout: Layout = "auto",
    image_column: str = "image",
    caption_column: str = "caption",
    id_column: str = "id",
    group_column: str = "group",
) -> Iterator[Record]:
    """``read_source`` without what is no picture.

    A sidecar that cannot be read raises: a caption must not be lost in silence.
    """
    for entry in read_source(
        source,
        layout=layout,
        image_column=image_column,
        caption_column=caption_column,
        id_column=id_column,
        group_column=group_column,
    ):
        if isinstance(entry, Record):
            yield entry
        elif entry.error is not None:
            raise entry.error


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
    problem: SourceError | None = None
    while problem is None:
        try:
            record = next(records)
        except StopIteration:
            break
        except SourceError as broken:
            # What came before the broken line is still good.
            problem = broken
        else:
            if held is not None and record.image == held.image and record.id == held.id:
                captions = dict.fromkeys(held.captions + record.captions)
                held = replace(held, captions=tuple(captions), group=held.group or record.group)
                continue
            if held is not None:
                yield held
            held = record
    if held is not None:
        yield held
    if problem is not None:
        raise problem
