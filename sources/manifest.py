"""Manifests: one line a picture, as TSV, CSV or JSON lines, read as a stream.

TSV is taken as it is mostly written: one line is one row, and quotes are ordinary characters unless they enclose a
whole cell. CSV follows RFC 4180, line breaks inside quotes included; its separator is the one of ``,`` ``;`` and tab
that its first line has most of.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from .captions import check_is_text, encoding_of
from .errors import MalformedSource, MissingColumn, SourceNotFound
from .fields import Columns, from_object, parse_object
from .folder import is_image_name
from .record import MetadataValue, Record, on_disk, shown


def read_jsonl(path: Path, columns: Columns) -> Iterator[Record]:
    """One JSON object a line."""
    for number, line in lines(path):
        if line.strip():
            place = f"{shown(path)} line {number}"
            fields = parse_object(line, place)
            columns.check(list(fields), place)
            name = fields[columns.image]
            if not isinstance(name, str):
                raise MalformedSource(f"{place}: {columns.image!r} must be a text, the path of the picture")
            yield from_object(fields, columns, place, image=_image(path, name, columns, place))


def read_table(path: Path, columns: Columns, *, tabs: bool) -> Iterator[Record]:
    """A table with a header; a two-column TSV of picture and caption may do without."""
    rows = _tsv_rows(path) if tabs else _csv_rows(path)
    header: list[str] | None = None
    for number, row in rows:
        place = f"{shown(path)} line {number}"
        if header is None:
            header = [name.strip() for name in row]
            if tabs and _is_headerless(path, header, columns):
                header = [columns.image, columns.caption]
            else:
                _check_header(header, columns, place)
                continue
        if len(row) != len(header):
            raise MalformedSource(
                f"{place}: {len(row)} cells where the header has {len(header)} ({', '.join(header)}); is a separator "
                "or a quote missing there?"
            )
        fields = dict(zip(header, (cell.strip() for cell in row), strict=True))
        yield from_object(fields, columns, place, image=_image(path, fields[columns.image], columns, place))


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
    return is_image_name(Path(first[0])) or (path.parent / first[0]).is_file()


def _check_header(header: list[str], columns: Columns, place: str) -> None:
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
    return on_disk(manifest.parent, name.strip())


def _tsv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines(path):
        if line.strip():
            yield number, [_unquoted(cell) for cell in line.split("\t")]


def _unquoted(cell: str) -> str:
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    numbered = lines(path, keep_ends=True)
    first = next(numbered, None)
    if first is None:
        return
    # The header's, not a caption's, commas decide.
    separator = max(",;\t", key=first[1].count)

    def texts() -> Iterator[str]:
        yield first[1]
        for _, line in numbered:
            yield line

    reader = csv.reader(texts(), delimiter=separator, strict=True)
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
            raise MalformedSource(f"{shown(path)} line {started}: {why}; write a quote inside a cell twice") from None
        if any(cell.strip() for cell in row):
            yield started, row
        started = reader.line_num + 1


def lines(path: Path, *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
    """Number and text of each line, decoded one by one so that a wrong byte has a line number."""
    try:
        with path.open("rb") as stream:
            first = stream.readline()
            mark, encoding = encoding_of(first, shown(path))
            raws = chain([first[len(mark) :]] if first else [], stream)
            texts = _eight_bit(path, raws) if encoding == "utf-8" else _sixteen_bit(path, raws, encoding)
            for number, line in enumerate(texts, 1):
                check_is_text(line, f"{shown(path)} line {number}")
                yield number, line if keep_ends else line.rstrip("\r\n")
    except OSError as problem:
        raise SourceNotFound(f"{shown(path)} cannot be read: {problem.strerror}; name a manifest or a folder") from None


def _eight_bit(path: Path, raws: Iterable[bytes]) -> Iterator[str]:
    for number, raw in enumerate(raws, 1):
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError as problem:
            byte = f"byte {raw[problem.start]:#04x}"
            raise MalformedSource(f"{shown(path)} line {number}: not UTF-8 ({byte}); save the file as UTF-8") from None


def _sixteen_bit(path: Path, raws: Iterable[bytes], encoding: str) -> Iterator[str]:
    """``raws`` end where a byte is that of a line's end, which may be in the middle of a character."""
    decoder = codecs.getincrementaldecoder(encoding)()
    number, held = 1, ""
    try:
        for raw in raws:
            *whole, held = (held + decoder.decode(raw)).split("\n")
            for line in whole:
                yield line + "\n"
                number += 1
        held += decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise MalformedSource(
            f"{shown(path)} line {number}: not UTF-16, though the file begins like it; save the file as UTF-8"
        ) from None
    if held:
        yield held
