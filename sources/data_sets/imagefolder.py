"""Hugging Face's ImageFolder: ``metadata.jsonl``, ``.csv`` or ``.parquet`` in the folder, or in one for each split, with the
column ``file_name``, or one whose name ends so (``image_file_name``), and any others. Which of several such columns names the
pictures is asked for. https://huggingface.co/docs/datasets/image_load
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from ..errors import SourceError, SourceNotFound
from ..fields import Columns, parse_object
from ..manifests.cells import csv_rows
from ..manifests.lines import lines
from ..manifests.manifest import read_jsonl, read_table
from ..manifests.parquet import column_names, read_parquet
from ..record import Record, Skipped, records_of, shown
from ..splits import is_split_name
from .captioned_folder import tables_of

_NAMES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
_FILE_NAME, _ENDING = "file_name", "_file_name"
_CAPTIONS = ("caption", "captions", "text", "description")


def imagefolder_tables(folder: Path) -> list[Path]:
    """The metadata files of ``folder`` and of the folders in it that name pictures by ``file_name`` or the like."""
    return list(chain.from_iterable(tables_of(folder, _NAMES, is_imagefolder_table)))


def is_imagefolder_table(path: Path) -> bool:
    """True for a metadata file in whose first row or header ``file_name`` stands, or a name that ends so."""
    if path.name not in _NAMES or not os.path.isfile(path):
        return False
    if path.suffix == ".parquet":
        return True
    try:
        return any(_FILE_NAME in line for _, line in islice(lines(path), 1))
    except SourceError:
        return False


def read_imagefolder_table(path: Path, columns: Columns) -> Iterator[Record]:
    """A record for every row of a metadata file; the captions stand in ``caption``, ``text`` or ``description``."""
    own = replace(columns, image=_names_pictures(path, columns)) if columns.image == "image" else columns
    rows: Iterator[Record | Skipped]
    if path.suffix == ".csv":
        rows = read_table(path, own, tabs=False)
    elif path.suffix == ".parquet":
        rows = read_parquet(path, own)
    else:
        rows = read_jsonl(path, own)
    yield from (with_captions(record, columns) for record in records_of(rows))


def _names_pictures(path: Path, columns: Columns) -> str:
    """The column with the pictures' names. Raises SourceError where several may have them."""
    if path.suffix == ".parquet":
        names = column_names(path)
    elif path.suffix == ".csv":
        names = next((row for _, row in csv_rows(path, replace(columns, image=_FILE_NAME))), [])
    else:
        first = next((line for _, line in lines(path, columns.encoding) if line.strip()), "{}")
        names = list(parse_object(first, f"{shown(path)} line 1"))
    found = [name.strip() for name in names if name.strip().endswith(_ENDING)]
    if len(found) > 1 and _FILE_NAME not in names:
        raise SourceError(
            f"{shown(path)}: pictures are named in {' and in '.join(map(repr, found))}; say which are meant with --image-column"
        )
    return found[0] if found and _FILE_NAME not in names else _FILE_NAME


def read_imagefolder(folder: Path, columns: Columns) -> Iterator[Record]:
    """The rows of all metadata files of ``folder``, or of one file. Raises SourceNotFound where there is none."""
    tables = imagefolder_tables(folder) if folder.is_dir() else [folder]
    if not tables:
        raise SourceNotFound(f"{shown(folder)} has no {', '.join(_NAMES)} with the column {_FILE_NAME!r}")
    for table in tables:
        # A folder inside the one that was named is a split where it is called like one.
        split = table.parent.name if table.parent != folder and is_split_name(table.parent.name) else None
        for record in read_imagefolder_table(table, columns):
            if split is not None and record.split is None and folder.is_dir():
                record = replace(record, metadata={**record.metadata, "split": split})
            yield record


def with_captions(record: Record, columns: Columns) -> Record:
    """``record`` with its captions; where it has none, those of the first key that may hold some."""
    if record.captions or columns.caption != "caption":
        return record
    for key in _CAPTIONS:
        value = record.metadata.get(key)
        texts = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
        if texts := tuple(filter(None, map(str.strip, texts))):
            others = {name: cell for name, cell in record.metadata.items() if name != key}
            return replace(record, captions=texts, metadata=others)
    return record
