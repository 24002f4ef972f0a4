"""The reader of each kind of manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..fields import Columns
from ..record import Record, Skipped
from .manifest import read_jsonl, read_table
from .parquet import read_parquet

#: By the name of the layout.
MANIFESTS: dict[str, Callable[[Path, Columns], Iterator[Record | Skipped]]] = {
    "tsv": lambda path, columns: read_table(path, columns, tabs=True),
    "csv": lambda path, columns: read_table(path, columns, tabs=False),
    "jsonl": read_jsonl,
    "parquet": read_parquet,
}
