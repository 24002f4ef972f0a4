"""A folder of Parquet tables, as data sets lie on the Hugging Face hub (``data/train-00000-of-00002.parquet``, the pictures' bytes
inside) and as LAION distributes them (addresses of pictures, whose files are here).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from ..errors import SourceError, SourceNotFound
from ..fields import Columns
from ..folders.selection import Selection
from ..manifests.parquet import has_pictures, read_parquet
from ..record import Record, Skipped, shown
from .captioned_folder import read_captioned

_BELOW = ("", "data")


def parquet_tables(folder: Path, columns: Columns) -> list[Path]:
    """The tables of ``folder``, in it or in its folder ``data``, that have a column of pictures; none without pyarrow."""
    try:
        named = chain.from_iterable(sorted((folder / below).glob("*.parquet")) for below in _BELOW)
        return [path for path in named if path.is_file() and has_pictures(path, columns)]
    except (SourceError, OSError):
        return []


def read_parquet_folder(folder: Path, columns: Columns, selection: Selection) -> Iterator[Record | Skipped]:
    """The rows of all tables, and the rest of the folder. Rows whose pictures lie in the folder are held in memory, for their
    sidecars; all others are streamed. Raises SourceNotFound where there is no table."""
    tables = parquet_tables(folder, columns)
    if not tables:
        raise SourceNotFound(f"{shown(folder)} has no Parquet table with a column of pictures, nor has its folder data")
    beside: list[Record] = []
    for row in chain.from_iterable(read_parquet(table, columns) for table in tables):
        if isinstance(row, Record) and row.image.is_relative_to(folder):
            beside.append(row)
        else:
            yield row
    yield from read_captioned(folder, beside, tables, columns, selection)
