"""Parquet manifests: a column with each picture's path, read in batches; needs pyarrow."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clipseek.files.text import reason_of

from .errors import MalformedSource, SourceError, SourceNotFound
from .fields import Columns, from_object
from .paths import picture_path
from .record import Record, shown

_ROWS = 1024


def read_parquet(path: Path, columns: Columns) -> Iterator[Record]:
    """A record for every row; columns without a role become metadata. Memory is bounded by a batch of rows.

    Raises SourceError where pyarrow is not installed, SourceNotFound, MissingColumn, MalformedSource.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SourceError(
            f"{shown(path)}: Parquet is read by pyarrow, which is not installed; pip install 'clipseek[parquet]'"
        ) from None
    try:
        table = pyarrow.parquet.ParquetFile(path)
    except OSError as problem:
        raise SourceNotFound(f"{shown(path)} cannot be read: {problem.strerror or problem}") from None
    except pyarrow.ArrowException as problem:
        raise MalformedSource(f"{shown(path)} is no Parquet file: {reason_of(problem)}") from None
    with table:
        columns.check(table.schema_arrow.names, shown(path))
        number = 0
        try:
            for batch in table.iter_batches(_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield _record(path, f"{shown(path)} row {number}", row, columns)
        except (OSError, pyarrow.ArrowException) as problem:
            raise MalformedSource(f"{shown(path)} is broken after row {number}: {reason_of(problem)}") from None


def _record(path: Path, place: str, row: dict[str, Any], columns: Columns) -> Record:
    name = row[columns.image]
    if isinstance(name, (dict, bytes)):
        raise MalformedSource(
            f"{place}: {columns.image!r} holds the picture's bytes; write them to files, and their paths into the column"
        )
    if not isinstance(name, str) or not name.strip():
        raise MalformedSource(f"{place}: {columns.image!r} must be a text, the path of the picture")
    plain = {key: _plain(value) for key, value in row.items()}
    return from_object(plain, columns, place, image=picture_path(path.parent, columns.images, name.strip()))


def _plain(value: Any) -> Any:
    """As JSON has it: times as ISO 8601, bytes left out."""
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return None
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
