"""Parquet manifests, read in batches; needs pyarrow. A column has each picture's path, its bytes, or its address."""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from clipseek.files.cache import user_cache
from clipseek.files.text import reason_of

from ..errors import MalformedSource, MissingColumn, SourceError, SourceNotFound
from ..fields import Columns, from_object
from ..record import Record, Skipped, shown
from .kept import kept
from .paths import by_its_end, picture_path

NOT_DOWNLOADED = "not downloaded"
_ROWS = 1024
#: Columns with a picture's bytes, as img2dataset names them, and with its address, as LAION does.
_BYTES, _URLS, _TEXTS = ("jpg", "png", "webp"), ("url", "URL"), ("caption", "TEXT", "text")


def read_parquet(path: Path, columns: Columns) -> Iterator[Record | Skipped]:
    """A record for every row; columns without a role become metadata. Memory is bounded by a batch of rows.

    A row that img2dataset could not download is Skipped, as its ``status`` says; so is one whose address leads to no file here.
    Raises SourceError where pyarrow is not installed, SourceNotFound, MissingColumn, MalformedSource.
    """
    pyarrow = library(path)
    try:
        table = pyarrow.parquet.ParquetFile(path)
    except OSError as problem:
        raise SourceNotFound(f"{shown(path)} cannot be read: {problem.strerror or problem}") from None
    except pyarrow.ArrowException as problem:
        raise MalformedSource(f"{shown(path)} is no Parquet file: {reason_of(problem)}") from None
    with table:
        row_of = Rows(path, table.schema_arrow.names, columns)
        number = 0
        try:
            for batch in table.iter_batches(_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield row_of(number, row)
        except (OSError, pyarrow.ArrowException) as problem:
            raise MalformedSource(f"{shown(path)} is broken after row {number}: {reason_of(problem)}") from None


def has_pictures(path: Path, columns: Columns) -> bool:
    """Whether a column of the table has pictures: paths, bytes or addresses. Raises SourceError where pyarrow is not installed."""
    pyarrow = library(path)
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            Rows(path, table.schema_arrow.names, columns)
    except (MissingColumn, OSError, pyarrow.ArrowException):
        return False
    return True


def column_names(path: Path) -> list[str]:
    """The columns of a table; none where it cannot be read, which whoever reads it says. Raises SourceError where pyarrow is not
    installed."""
    pyarrow = library(path)
    try:
        return [str(name) for name in pyarrow.parquet.read_schema(path).names]
    except (OSError, pyarrow.ArrowException):
        return []


def library(path: Path) -> Any:
    """pyarrow. Raises SourceError with the way to it where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SourceError(
            f"{shown(path)}: Parquet is read by pyarrow, which is not installed; pip install 'clipseek[parquet]'"
        ) from None
    return pyarrow


class Rows:
    """Rows of the table at ``path`` with the columns ``names`` -> records. Raises MissingColumn where no column has pictures."""

    def __init__(self, path: Path, names: list[str], columns: Columns) -> None:
        self._path = path
        own = columns
        if columns.image == "image" and "image" not in names:
            image = next((name for name in (*_BYTES, *_URLS) if name in names), "image")
            texts = [name for name in _TEXTS if name in names]
            caption = texts[0] if columns.caption == "caption" and len(texts) == 1 else columns.caption
            own = replace(columns, image=image, caption=caption)
        own = own.among(names)
        own.check(names, shown(path))
        self._columns = own
        self._by_key = own.image in (*_BYTES, *_URLS) and {"key", "status"} <= set(names)
        self._cache: Path | None = None

    def __call__(self, number: int, row: Mapping[str, Any]) -> Record | Skipped:
        """The record of a row; its number counts from 1. Raises MalformedSource."""
        place = f"{shown(self._path)} row {number}"
        plain = {key: _plain(value) for key, value in row.items()}
        status = row.get("status") if self._by_key else None
        if status not in (None, "success"):
            why = row.get("error_message") or ""
            return self._lost(plain, number, NOT_DOWNLOADED, f"its status is {status}{': ' if why else ''}{why}")
        image = self._image(row, number, place)
        if image is None:
            address = f"no file of {row[self._columns.image]} here"
            return self._lost(plain, number, "file not here", f"{address}; name the pictures' folder with --images")
        return from_object(plain, self._columns, place, image=image)

    def _lost(self, plain: Mapping[str, Any], number: int, kind: str, reason: str) -> Skipped:
        captions = plain.get(self._columns.caption)
        texts = captions if isinstance(captions, list) else [captions]
        return Skipped(self._path, kind, f"row {number}: {reason}", captions=sum(bool(text) for text in texts))

    def _image(self, row: Mapping[str, Any], number: int, place: str) -> Path | None:
        value, columns = row[self._columns.image], self._columns
        if isinstance(value, dict) and set(value) <= {"bytes", "path"}:
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes):
            return kept(self._folder(), number, value)
        if not isinstance(value, str) or not value.strip():
            raise MalformedSource(f"{place}: {columns.image!r} must be a text, the path of the picture")
        if self._by_key and (downloaded := self._downloaded(str(row["key"]))):
            return downloaded
        address = urlsplit(value.strip())
        if address.scheme in ("http", "https"):
            found = by_its_end(columns.images or self._path.parent, unquote(address.path))
            return found if os.path.lexists(found) else None
        return picture_path(self._path.parent, columns.images, value.strip())

    def _downloaded(self, key: str) -> Path | None:
        """img2dataset's file of ``key``: in the folder that is called as the table."""
        homes = (self._path.parent / self._path.stem, *([self._columns.images] if self._columns.images else []))
        places = (home / f"{key}.{suffix}" for home in homes for suffix in _BYTES)
        return next((place for place in places if place.is_file()), None)

    def _folder(self) -> Path:
        """Of this table, by where it is and when it was written."""
        if self._cache is None:
            status = self._path.stat()
            text = f"{os.path.abspath(self._path)}\0{status.st_mtime_ns}\0{status.st_size}"
            digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
            self._cache = user_cache() / "tables" / f"{self._path.stem}-{digest}"
        return self._cache


def _plain(value: Any) -> Any:
    """As JSON has it: times as ISO 8601, bytes left out."""
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes) or (isinstance(value, dict) and isinstance(value.get("bytes"), bytes)):
        return None
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
