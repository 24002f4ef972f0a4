"""Manifests: one line a picture, as TSV, CSV or JSON lines, read as a stream.

TSV is taken as it is mostly written: one line is one row, and quotes are ordinary characters unless they enclose a
whole cell. CSV follows RFC 4180, line breaks inside quotes included; its separator is the one of ``,`` ``;`` ``|`` and tab
by which the first line has the picture's column.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clipseek.encoder.pictures.suffixes import is_picture_name

from ..errors import MalformedSource, MissingColumn
from ..fields import Columns, from_object, parse_object
from ..record import MetadataValue, Record, Skipped, shown
from .lines import lines
from .paths import picture_path

#: Between the cells of a CSV.
SEPARATORS = ",;\t|"
_LINES_IN_A_CELL = 1000
_OLD_MAC = (
    "its lines end in carriage returns alone, as old Macs wrote them; save it with the line ends of Unix or Windows"
)


def read_jsonl(path: Path, columns: Columns) -> Iterator[Record | Skipped]:
    """One JSON object a line."""
    for number, line in lines(path, columns.encoding):
        if line.strip():
            try:
                place = f"{shown(path)} line {number}"
                yield _json_row(path, parse_object(line, place), columns, place)
            except MalformedSource as problem:
                yield _broken_row(path, number, problem)


def read_table(path: Path, columns: Columns, *, tabs: bool) -> Iterator[Record | Skipped]:
    """A table with a header; one of picture and caption, two columns, may do without. A first column without a name has the rows'
    numbers, which pandas and R write unasked, and is left out."""
    tabs = tabs and is_tabbed(path, columns)
    rows = _tsv_rows(path, columns) if tabs else _csv_rows(path, columns)
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
            if _is_headerless(path, header, columns):
                header = [columns.image, columns.caption]
            else:
                _check_header(header, columns, place)
                continue
        try:
            if numbered and len(row) == len(header) + 1:
                row = row[1:]
            yield _table_row(path, row, header, columns, place)
        except MalformedSource as problem:
            yield _broken_row(path, number, problem)


def _broken_row(path: Path, number: int, problem: MalformedSource) -> Skipped:
    """A row that costs itself alone; a strict reader raises its error."""
    return Skipped(path.with_name(f"{path.name}:{number}"), "malformed row", str(problem), problem)


def read_objects(path: Path, rows: list[object], columns: Columns) -> Iterator[Record | Skipped]:
    """The objects of one JSON list, as BLIP's annotations and pandas' ``to_json(orient="records")`` have it."""
    for number, fields in enumerate(rows):
        place = f"{shown(path)} [{number}]"
        try:
            if not isinstance(fields, dict):
                raise MalformedSource(f'{place}: no JSON object like {{"image": "a.jpg"}}')
            yield _json_row(path, fields, columns, place)
        except MalformedSource as problem:
            yield _broken_row(path, number, problem)


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


def _is_headerless(path: Path, first: list[str], columns: Columns) -> bool:
    """Two cells, the first no column's name but a picture."""
    if len(first) != 2 or columns.image in first or not first[0]:
        return False
    return is_picture_name(Path(first[0]).name) or (path.parent / first[0]).is_file()


def is_tabbed(path: Path, columns: Columns) -> bool:
    """False for a file called a TSV in whose header there is no tab, and whose picture's column another separator finds."""
    if columns.separator:
        return columns.separator == "\t"
    first = next(lines(path, columns.encoding), None) if path.is_file() else None
    if first is None or "\t" in first[1]:
        return True
    return not any(_finds(columns, cells) for cells in _cells(first[1]).values())


def _cells(header: str) -> dict[str, list[str]]:
    """The names in a header by each separator that it has."""
    found = {sign: header.strip().split(sign) for sign in SEPARATORS if sign in header}
    return {sign: [cell.strip().strip('"').strip() for cell in cells] for sign, cells in found.items()}


def _finds(columns: Columns, names: list[str]) -> bool:
    return columns.among(names).image in names


def _check_header(header: list[str], columns: Columns, place: str) -> None:
    if any("\r" in name for name in header):
        raise MalformedSource(f"{place}: {_OLD_MAC}")
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


def _unquoted(cell: str) -> str:
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def _tsv_rows(path: Path, columns: Columns) -> Iterator[tuple[int, list[str]]]:
    """One row a line; where a cell opens a quote that only a later line closes, as pandas writes line breaks, one row of all."""
    numbered = lines(path, columns.encoding)
    waiting: list[tuple[int, str]] = []
    wanted = 0
    while entry := waiting.pop(0) if waiting else next(numbered, None):
        number, line = entry
        if not line.strip():
            continue
        row = [_unquoted(cell) for cell in line.split("\t")]
        wanted = wanted or len(row)
        if row[-1].startswith('"') and row[-1].count('"') % 2 and len(row) <= wanted:
            row = _over_lines(line, row, wanted, numbered, waiting)
        yield number, row


def _over_lines(
    line: str, row: list[str], wanted: int, numbered: Iterator[tuple[int, str]], waiting: list[tuple[int, str]]
) -> list[str]:
    """``row``, or the row of ``wanted`` cells that it is with the lines after it. Lines that are read in vain go to ``waiting``; a
    line that is a row of its own is none of a cell's."""
    text, taken = line, list[tuple[int, str]]()
    while len(taken) < _LINES_IN_A_CELL:
        more = waiting.pop(0) if waiting else next(numbered, None)
        if more is None:
            break
        taken.append(more)
        if more[1].count("\t") == wanted - 1 and wanted > 1:
            break
        text += "\n" + more[1]
        if text.count('"') % 2 == 0:
            cells = next(csv.reader(text.splitlines(keepends=True), delimiter="\t"), [])
            if len(cells) == wanted:
                return cells
    waiting[:0] = taken
    return row


def _csv_rows(path: Path, columns: Columns) -> Iterator[tuple[int, list[str]]]:
    numbered = lines(path, columns.encoding, keep_ends=True)
    first = next(numbered, None)
    if first is None:
        return
    separator = columns.separator or separator_of(first[1], columns, shown(path))

    def texts() -> Iterator[str]:
        yield first[1]
        for _, line in numbered:
            yield line

    reader = csv.reader(texts(), delimiter=separator, strict=True, skipinitialspace=separator == "|")
    started = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            why = str(problem)
            if "unexpected end of data" in why or "field limit" in why:
                why = "a quote is opened there and not closed"
            elif "new-line character" in why:
                raise MalformedSource(f"{shown(path)}: {_OLD_MAC}") from None
            raise MalformedSource(f"{shown(path)} line {started}: {why}; write a quote inside a cell twice") from None
        if any(cell.strip() for cell in row):
            yield started, row
        started = reader.line_num + 1


def separator_of(header: str, columns: Columns, place: str) -> str:
    """The one of ``SEPARATORS`` that finds the picture's column in ``header``; where none does, the one that it has most of. The
    header's decide, not a caption's commas. Raises MalformedSource where several find it."""
    found = [sign for sign, names in _cells(header).items() if _finds(columns, names)]
    if len(found) > 1:
        raise MalformedSource(
            f"{place} line 1: its cells may be apart by {' or by '.join(map(repr, found))}; say which with --separator"
        )
    return found[0] if found else max(SEPARATORS, key=header.count)
