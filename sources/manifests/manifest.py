"""Manifests: one row a picture, as TSV, CSV, JSON lines or a JSON list, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clipseek.encoder.pictures.suffixes import is_picture_name

from ..errors import MalformedSource, MissingColumn
from ..fields import Columns, from_object, parse_object
from ..record import MetadataValue, Record, Skipped, shown
from .cells import OLD_MAC, csv_rows, is_tabbed, tsv_rows
from .lines import lines
from .paths import is_address, picture_path


def read_jsonl(path: Path, columns: Columns) -> Iterator[Record | Skipped]:
    """One JSON object a line."""
    for number, line in lines(path, columns.encoding):
        if line.strip():
            try:
                place = f"{shown(path)} line {number}"
                yield _json_row(path, parse_object(line, place), columns, place)
            except MalformedSource as problem:
                yield _broken_row(path, number, problem, int(f'"{columns.caption}"' in line))


def read_table(path: Path, columns: Columns, *, tabs: bool) -> Iterator[Record | Skipped]:
    """A table with a header; one of picture and caption, two columns, may do without. A first column without a name has the rows'
    numbers, which pandas and R write unasked, and is left out."""
    tabs = tabs and is_tabbed(path, columns)
    rows = tsv_rows(path, columns) if tabs else csv_rows(path, columns)
    header: list[str] | None = None
    numbered = False
    for number, row in rows:
        place = f"{shown(path)} line {number}"
        if header is None:
            header = [name.strip() for name in row]
            columns = columns.among(header)
            numbered = header[0] == "" and columns.image in header
            if numbered:
                header = header[1:]
            if order := _without_header(path, header, columns):
                header = order
            else:
                _check_header(header, columns, place)
                continue
        try:
            if numbered and len(row) == len(header) + 1:
                row = row[1:]
            yield _table_row(path, row, header, columns, place)
        except MalformedSource as problem:
            lost = columns.caption in header and any(cell.strip() for cell in row[header.index(columns.caption) :])
            yield _broken_row(path, number, problem, int(lost))


def _broken_row(path: Path, number: int, problem: MalformedSource, captions: int) -> Skipped:
    """A row that costs itself alone, and the captions that it seems to have; a strict reader raises its error."""
    place = path.with_name(f"{path.name}:{number}")
    return Skipped(place, "malformed row", str(problem), problem, captions=captions)


def read_objects(path: Path, rows: list[object], columns: Columns) -> Iterator[Record | Skipped]:
    """The objects of one JSON list, as BLIP's annotations and pandas' ``to_json(orient="records")`` have it."""
    for number, fields in enumerate(rows):
        place = f"{shown(path)} [{number}]"
        try:
            if not isinstance(fields, dict):
                raise MalformedSource(f'{place}: no JSON object like {{"image": "a.jpg"}}')
            yield _json_row(path, fields, columns, place)
        except MalformedSource as problem:
            lost = bool(fields.get(columns.caption)) if isinstance(fields, dict) else False
            yield _broken_row(path, number, problem, int(lost))


def _json_row(path: Path, fields: Mapping[str, Any], columns: Columns, place: str) -> Record:
    columns = columns.among(list(fields))
    columns.check(list(fields), place)
    name = fields[columns.image]
    if not isinstance(name, str):
        raise MalformedSource(f"{place}: {columns.image!r} must be a text, the path of the picture")
    return from_object(fields, columns, place, image=_image(path, name, columns, place))


def _table_row(path: Path, row: list[str], header: list[str], columns: Columns, place: str) -> Record:
    if len(row) != len(header):
        raise MalformedSource(
            f"{place}: {len(row)} cells where the header has {len(header)} ({', '.join(header)}); is a separator "
            "or a quote missing there?"
        )
    fields = dict(zip(header, (cell.strip() for cell in row), strict=True))
    return from_object(fields, columns, place, image=_image(path, fields[columns.image], columns, place))


def read_captions(path: Path, pictures: Path, metadata: Mapping[str, MetadataValue]) -> Iterator[Record]:
    """Lines of a picture's id, a tab and its caption, without a header; its file is ``pictures/<id>.jpg``."""
    for number, line in lines(path):
        if line.strip():
            name, _, caption = (part.strip() for part in line.partition("\t"))
            if "\t" not in line or not name or "/" in name:
                raise MalformedSource(f"{shown(path)} line {number}: expected a picture's id, a tab and its caption")
            texts = (caption,) if caption else ()
            yield Record(id=name, image=pictures / f"{name}.jpg", captions=texts, metadata=metadata)


def _without_header(path: Path, first: list[str], columns: Columns) -> list[str]:
    """The columns of a table whose first row is none's names: two cells, one of them a picture or the address of one, as in CC3M's
    tables the second; empty for any other."""
    if len(first) != 2 or columns.image in first or not all(first):
        return []
    picture, other = (_names_a_picture(path, cell) for cell in first)
    if picture:
        return [columns.image, columns.caption]
    return [columns.caption, columns.image] if other else []


def _names_a_picture(path: Path, cell: str) -> bool:
    if is_address(cell):
        return True
    return is_picture_name(Path(cell).name) or (path.parent / cell).is_file()


def _check_header(header: list[str], columns: Columns, place: str) -> None:
    if any("\r" in name for name in header):
        raise MalformedSource(f"{place}: {OLD_MAC}")
    columns.check(header, place)
    for position, name in enumerate(header, 1):
        if not name:
            raise MissingColumn(
                f"{place}: column {position} has no name; the columns are {', '.join(map(repr, header))}"
            )
        if header.count(name) > 1:
            raise MalformedSource(f"{place}: two columns are named {name!r}; rename one")


def _image(manifest: Path, name: str, columns: Columns, place: str) -> Path:
    if not name.strip():
        raise MalformedSource(f"{place}: {columns.image!r} is empty; give the path of the picture")
    return picture_path(manifest.parent, columns.images, name.strip())
