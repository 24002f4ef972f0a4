"""What img2dataset downloads: ``00000/`` or ``00000.tar`` with pictures and captions, beside each a table ``00000.parquet`` that
also has the rows which could not be downloaded, and ``00000_stats.json``. https://github.com/rom1504/img2dataset
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import SourceError
from ..fields import Columns
from ..folders.folder import read_folder
from ..folders.selection import Selection
from ..manifests.parquet import NOT_DOWNLOADED, read_parquet
from ..record import Record, Skipped
from ..tars.webdataset import read_webdataset

_TABLE, _STATS = re.compile(r"\d{5,}\.parquet"), re.compile(r"\d+_stats\.json")


def tables_of_shards(folder: Path) -> list[Path]:
    """The tables of ``folder`` beside which a shard or its figures lie."""
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError:
        return []
    stems = (name.removesuffix(".parquet") for name in names if _TABLE.fullmatch(name))
    return sorted(folder / f"{stem}.parquet" for stem in stems if names & {f"{stem}_stats.json", f"{stem}.tar", stem})


def read_img2dataset(folder: Path, columns: Columns, selection: Selection) -> Iterator[Record | Skipped]:
    """The pictures of all shards; of the tables those rows that were not downloaded, as Skipped. Where the pictures' bytes stand in
    the tables, all of these. Raises SourceError."""
    tables = tables_of_shards(folder)
    shards = {table.stem for table in tables if table.with_suffix(".tar").is_file() or table.with_suffix("").is_dir()}
    for table in tables:
        try:
            for entry in read_parquet(table, columns):
                is_lost = isinstance(entry, Skipped) and entry.kind == NOT_DOWNLOADED
                if is_lost or table.stem not in shards:
                    yield entry
        except SourceError as problem:
            if table.stem not in shards:
                raise
            yield Skipped(table, "table not read", f"what was not downloaded stands in it: {problem}")
    if not shards:
        return
    tarred = any((folder / f"{stem}.tar").is_file() for stem in shards)
    for entry in read_webdataset(folder, columns) if tarred else read_folder(folder, columns, selection):
        path = entry.image if isinstance(entry, Record) else entry.path
        own = path.parent == folder and (_TABLE.fullmatch(path.name) or _STATS.fullmatch(path.name))
        if isinstance(entry, Record) or not own:
            yield entry
