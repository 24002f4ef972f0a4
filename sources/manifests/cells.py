"""The cells of a table's rows.

TSV is taken as it is mostly written: one line is one row, and quotes are ordinary characters unless they enclose a
whole cell. CSV follows RFC 4180, line breaks inside quotes included; its separator is the one of ``,`` ``;`` ``|`` and tab
by which the first line has the picture's column. Where quotes inside a cell have a backslash before them instead of being
written twice, as databases write them, that is found out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import MalformedSource, SourceError
from ..fields import Columns
from ..record import shown
from .lines import lines

#: Between the cells of a CSV.
SEPARATORS = ",;\t|"
_LINES_IN_A_CELL = 1000
#: That are looked at for the way quotes are written.
_LINES_FOR_QUOTES = 1000
OLD_MAC = (
    "its lines end in carriage returns alone, as old Macs wrote them; save it with the line ends of Unix or Windows"
)


def _unquoted(cell: str) -> str:
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def tsv_rows(path: Path, columns: Columns) -> Iterator[tuple[int, list[str]]]:
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


def csv_rows(path: Path, columns: Columns) -> Iterator[tuple[int, list[str]]]:
    numbered = lines(path, columns.encoding, keep_ends=True)
    first = next(numbered, None)
    if first is None:
        return
    separator = columns.separator or separator_of(first[1], columns, shown(path))
    looked_at, problem_behind = [first[1]], None
    try:
        looked_at.extend(line for _, line in islice(numbered, _LINES_FOR_QUOTES))
    except SourceError as problem:
        problem_behind = problem  # what stands before the broken line is still good
    way: dict[str, Any] = {"delimiter": separator, "strict": True, "skipinitialspace": separator == "|"}
    if _has_backslashed_quotes(looked_at, way):
        way |= {"doublequote": False, "escapechar": "\\"}

    def texts() -> Iterator[str]:
        yield from looked_at
        if problem_behind is not None:
            raise problem_behind
        yield from (line for _, line in numbered)

    reader = csv.reader(texts(), **way)
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
                raise MalformedSource(f"{shown(path)}: {OLD_MAC}") from None
            raise MalformedSource(f"{shown(path)} line {started}: {why}; write a quote inside a cell twice") from None
        if any(cell.strip() for cell in row):
            yield started, row
        started = reader.line_num + 1


def _has_backslashed_quotes(looked_at: list[str], way: dict[str, Any]) -> bool:
    """True where the lines can be read with ``\\"`` for a quote inside a cell, and not with ``""``."""
    if not any('\\"' in line for line in looked_at):
        return False
    return not _reads(looked_at, way) and _reads(looked_at, way | {"doublequote": False, "escapechar": "\\"})


def _reads(looked_at: list[str], way: dict[str, Any]) -> bool:
    """Whether the lines are rows of one width, but for a last one that goes on behind them."""
    widths = set[int]()
    try:
        for row in csv.reader(looked_at, **way):
            widths.add(len(row))
    except csv.Error as problem:
        return "unexpected end of data" in str(problem) and len(widths) == 1 and len(looked_at) > _LINES_FOR_QUOTES
    return len(widths) == 1


def separator_of(header: str, columns: Columns, place: str) -> str:
    """The one of ``SEPARATORS`` that finds the picture's column in ``header``; where none does, the one that it has most of. The
    header's decide, not a caption's commas. Raises MalformedSource where several find it."""
    found = [sign for sign, names in _cells(header).items() if _finds(columns, names)]
    if len(found) > 1:
        raise MalformedSource(
            f"{place} line 1: its cells may be apart by {' or by '.join(map(repr, found))}; say which with --separator"
        )
    return found[0] if found else max(SEPARATORS, key=header.count)


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
