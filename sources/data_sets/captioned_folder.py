"""A folder of pictures whose captions stand in tables of their own: every picture of the folder, with what the tables say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import SourceError
from ..fields import Columns
from ..folders.folder import read_folder
from ..folders.selection import Selection
from ..record import Record, Skipped
from ..system_files import maker_of


def read_captioned(
    folder: Path, rows: Iterable[Record | Skipped], tables: Iterable[Path], columns: Columns, selection: Selection
) -> Iterator[Record | Skipped]:
    """The entries of ``folder``, each picture with the captions of its ``rows`` and then of its sidecars; at the end the rows
    of pictures that are not there. ``tables`` are the files that the rows come from. The rows are held in memory."""
    said: dict[Path, Record] = {}
    for told in merged_rows(rows):
        if isinstance(told, Skipped):
            yield told
        else:
            said[told.image] = told
    own = set(tables)
    for entry in read_folder(folder, columns, selection):
        path = entry.image if isinstance(entry, Record) else entry.path
        row = said.pop(path, None)
        if isinstance(entry, Record):
            yield joined(row, entry) if row is not None else entry
        elif path not in own:
            yield entry
    yield from selection.of(said.values(), folder)


def tables_of(folder: Path, names: Iterable[str], is_table: Callable[[Path], bool]) -> list[list[Path]]:
    """Of ``folder`` and of each folder in it, the files of ``names`` that are tables, in the order of the names."""
    wanted = list(names)
    try:
        inner = sorted(path for path in folder.iterdir() if _is_entered(path))
    except OSError:
        inner = []  # whoever reads the folder says so
    found = []
    for home in (folder, *inner):
        try:
            found.append([home / name for name in wanted if (home / name).is_file() and is_table(home / name)])
        except (OSError, SourceError):
            continue
    return found


def _is_entered(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and path.name[0] != "." and not maker_of(path.name, is_folder=True)


def merged_rows(rows: Iterable[Record | Skipped]) -> Iterator[Record | Skipped]:
    """One record a picture, wherever its rows stand, in the order of the first ones."""
    said: dict[Path, Record] = {}
    for row in rows:
        if isinstance(row, Skipped):
            yield row
        else:
            held = said.get(row.image)
            said[row.image] = joined(held, row) if held is not None else row
    yield from said.values()


def joined(first: Record, second: Record) -> Record:
    """One record of two of one picture: all captions; of ids, groups and values of a key the first one's."""
    return replace(
        first,
        id=first.id or second.id,
        captions=tuple(dict.fromkeys(first.captions + second.captions)),
        group=first.group or second.group,
        metadata={**second.metadata, **first.metadata},
    )
