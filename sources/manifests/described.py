"""What was found out about a manifest, in words: how it is written, and what is doubtful in it."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path

from ..captions import encoding_of
from ..errors import SourceError
from ..fields import Columns
from ..record import Record, shown
from .cells import is_tabbed, separator_of
from .lines import guessed_from, lines
from .readers import MANIFESTS

#: Rows that are looked at.
SAMPLE = 200
_PANDAS = re.compile(r"\d+\.0")
_EXCEL = re.compile(r"\d(?:[.,]\d+)?E\+\d+")
_TABLES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_NEAR = ("images", "Images", "imgs", "img", "pictures", "photos", "data")


def described(path: Path, kind: str, columns: Columns) -> str | None:
    """How the manifest ``path`` of this ``kind`` is written, as it was found out; None for what is no manifest."""
    if kind not in MANIFESTS or not path.is_file():
        return None
    if kind == "parquet":
        return "Parquet"
    try:
        number, first = next(lines(path, columns.encoding), (0, ""))
        tabs = kind == "tsv" and is_tabbed(path, columns)
        sign = (
            "\t" if tabs else columns.separator or separator_of(first, columns, shown(path)) if kind != "jsonl" else ""
        )
        has_rows = next(MANIFESTS[kind](path, columns), None) is not None
    except SourceError:
        return None  # whoever reads it says so
    how = {"\t": "tabs", "": ""}.get(sign, repr(sign))
    parts = ["JSON lines" if kind == "jsonl" else f"a table, cells apart by {how}", _encoding(path, columns)]
    if kind != "jsonl" and number:
        names = [name.strip().strip('"') for name in first.split(sign)]
        own = columns.among(names)
        parts.append(f"columns {', '.join(filter(None, names))}" if own.image in names else "without a header")
        parts += [
            f"{what} in {name!r}"
            for what, name, named in (
                ("pictures", own.image, columns.image),
                ("captions", own.caption, columns.caption),
            )
            if name != named
        ]
    if has_rows:
        parts.append(f"pictures below {shown(columns.images or path.parent)}")
    return ", ".join(parts)


def doubtful(path: Path, kind: str, columns: Columns) -> list[str]:
    """A line for each thing in the manifest that was guessed, or that is hardly what was meant."""
    if kind not in MANIFESTS or not path.is_file():
        return []
    found = []
    try:
        entries = islice(MANIFESTS[kind](path, columns), SAMPLE)
        first = [entry for entry in entries if isinstance(entry, Record)]
        if kind != "parquet" and not columns.encoding and (number := guessed_from(path)) is not None:
            found.append(f"not UTF-8 (line {number}), read as cp1252, Western European; name another with --encoding")
    except (SourceError, OSError):
        return found  # whoever reads it says so
    for name, values in (("id", [one.id for one in first]), ("group", [one.group for one in first])):
        texts = [value for value in values if value]
        if texts and all(map(_PANDAS.fullmatch, texts)):
            found.append(
                f"every {name} is like {texts[0]!r}, as pandas writes whole numbers where some are missing; with astype('Int64') "
                "they stay whole"
            )
        elif long := next(filter(_EXCEL.fullmatch, texts), None):
            found.append(
                f"{name} {long!r} has lost its last digits, as Excel writes long numbers; export the column as text"
            )
    found += without_captions(first)
    if first and not any(os.path.lexists(record.image) for record in first):
        found.append(_lost(path, first[0].image, columns))
    return found


def unread_tables(folder: Path, columns: Columns) -> list[str]:
    """A line for the tables in a folder of pictures that list pictures themselves: a folder's captions stand beside its pictures,
    so whoever has them in a table names that."""
    found = []
    try:
        for path in sorted(folder.iterdir()):
            kind = _TABLES.get(path.suffix.lower())
            if kind and path.is_file() and _lists_pictures(path, kind, columns):
                found.append(path)
    except OSError:
        return []  # whoever reads the folder says so
    if not found:
        return []
    more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
    return [
        f"read as a folder; {found[0].name}{more} in it lists pictures, and is not read: if captions stand there, name {found[0]}"
    ]


def _lists_pictures(path: Path, kind: str, columns: Columns) -> bool:
    try:
        return isinstance(next(MANIFESTS[kind](path, columns), None), Record)
    except SourceError:
        return False


def without_captions(first: list[Record]) -> list[str]:
    """A line where none of the ``first`` records has a caption, and columns are there that may hold them."""
    names = dict.fromkeys(name for one in first for name, value in one.metadata.items() if isinstance(value, str))
    names.pop("split", None)
    if not names or any(one.captions for one in first):
        return []
    return [
        f"none of the first pictures has a caption; where {' or '.join(map(repr, names))} holds them: --caption-column NAME"
    ]


def _lost(path: Path, picture: Path, columns: Columns) -> str:
    base = columns.images or path.parent
    try:
        written = picture.relative_to(base)
    except ValueError:
        written = picture
    near = next((base / name for name in _NEAR if (base / name / written).is_file()), None)
    where = (
        f"they are below {shown(near)}: --images {shown(near)}" if near else "name their folder with --images FOLDER"
    )
    return f"none of the first pictures is there, like {shown(picture)}; {where}"


def _encoding(path: Path, columns: Columns) -> str:
    if columns.encoding:
        return columns.encoding
    with path.open("rb") as stream:
        told = encoding_of(stream.readline(), shown(path))[1]
    return "UTF-16" if told.startswith("utf-16") else "UTF-8" if guessed_from(path) is None else "cp1252"
