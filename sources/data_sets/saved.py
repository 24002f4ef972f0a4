"""A data set as Hugging Face's ``datasets`` saves it to disk: Arrow files, one folder a split; read by pyarrow alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from clipseek.files.text import reason_of

from ..errors import MalformedSource
from ..fields import Columns
from ..manifests.parquet import Rows, library
from ..record import Record, Skipped, shown
from .imagefolder import with_captions


def is_saved(folder: Path) -> bool:
    """True for one data set, or several as splits."""
    return (folder / "dataset_dict.json").is_file() or all(
        (folder / name).is_file() for name in ("state.json", "dataset_info.json")
    )


def read_saved(folder: Path, columns: Columns) -> Iterator[Record | Skipped]:
    """A record for every row, with the metadata ``split`` where there are several. Raises SourceError."""
    splits = folder / "dataset_dict.json"
    if not splits.is_file():
        yield from _read(folder, columns)
        return
    for split in _json(splits).get("splits", []):
        for entry in _read(folder / str(split), columns):
            if isinstance(entry, Record):
                entry = replace(entry, metadata={**entry.metadata, "split": str(split)})
            yield entry


def _read(folder: Path, columns: Columns) -> Iterator[Record | Skipped]:
    for file in _json(folder / "state.json").get("_data_files", []):
        path = folder / str(file.get("filename", ""))
        pyarrow = library(path)
        number = 0
        try:
            with pyarrow.memory_map(str(path)) as mapped, pyarrow.ipc.open_stream(mapped) as stream:
                row_of = Rows(path, stream.schema.names, columns)
                for batch in stream:
                    for row in batch.to_pylist():
                        number += 1
                        entry = row_of(number, row)
                        yield with_captions(entry, columns) if isinstance(entry, Record) else entry
        except (OSError, pyarrow.ArrowException) as problem:
            raise MalformedSource(f"{shown(path)} cannot be read after row {number}: {reason_of(problem)}") from None


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise MalformedSource(f"{shown(path)} cannot be read: {reason_of(problem)}") from None
    if not isinstance(value, dict):
        raise MalformedSource(f"{shown(path)}: expected a JSON object")
    return value
