"""Flickr8k and Flickr30k as they are distributed: one caption a line, five lines a picture.

``captions.txt`` (``image,caption``), ``results.csv`` (``image_name| comment_number| comment``), and the token files
(``Flickr8k.token.txt``, ``results_20130124.token``): ``1000268201.jpg#0``, a tab, the caption. As they lie on the Hugging Face hub
(``flickr_annotations_30k.csv``), with all captions of a picture in one row: ``raw,sentids,split,filename,img_id``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from ..errors import MalformedSource, SourceError, SourceNotFound
from ..fields import Columns
from ..manifests.lines import lines
from ..manifests.manifest import read_table
from ..record import Record, Skipped, on_disk, shown
from .captioned_folder import tables_of

_ON_THE_HUB = ("flickr_annotations_30k.csv", "test_1k_flickr.csv")
_TABLES = (
    "captions.txt",
    "results.csv",
    "Flickr8k.token.txt",
    "results_20130124.token",
    "flickr30k.token.txt",
    *_ON_THE_HUB,
)
#: Distributed with the captions; the lemmas are those of the same captions.
_BESIDE = (
    "CrowdFlowerAnnotations.txt",
    "ExpertAnnotations.txt",
    "Flickr8k.lemma.token.txt",
    "Flickr_8k.devImages.txt",
    "Flickr_8k.testImages.txt",
    "Flickr_8k.trainImages.txt",
    "readme.txt",
)
_PICTURES = (
    "Images",
    "images",
    "Flicker8k_Dataset",
    "Flickr8k_Dataset",
    "flickr30k_images",
    "flickr30k-images",
    "images_flickr_1k_test",
    "",
)
_TOKEN = re.compile(r"([^\t]+)#\d+\t(.*)")
_HEADER = re.compile(r"image\s*,\s*caption|image_name\s*([|,])\s*comment_number\s*\1\s*comment", re.IGNORECASE)
#: Flickr30k's results.csv has a line in which the second bar is missing.
_NUMBERED = re.compile(r"\s*\d+\s+(.*)")


def flickr_tables(folder: Path) -> list[Path]:
    """The captions files of ``folder`` and of the folders in it; where one is there in several forms, the first of each folder."""
    return list(chain.from_iterable(found[:1] for found in tables_of(folder, _TABLES, is_flickr_table)))


def flickr_files(folder: Path) -> list[Path]:
    """All files of the data set that are no pictures: its tables in every form, its splits, its judgments."""
    homes = {table.parent for table in flickr_tables(folder)}
    return [home / name for home in homes for name in (*_TABLES, *_BESIDE) if (home / name).is_file()]


def is_flickr_table(path: Path) -> bool:
    """True for a captions file by its name and its first line, a table as on the hub by its header alone."""
    if (path.name not in _TABLES and path.suffix.lower() != ".csv") or not os.path.isfile(path):
        return False
    try:
        first = next((line for _, line in islice(lines(path), 1)), "")
    except SourceError:
        return False
    if _is_hub_header(first):
        return path.suffix.lower() == ".csv"
    return path.name in _TABLES and bool(_HEADER.fullmatch(first.strip()) or _TOKEN.fullmatch(first))


def _is_hub_header(line: str) -> bool:
    return {"raw", "sentids", "filename"} <= {name.strip().strip('"') for name in line.split(",")}


def read_flickr(source: Path) -> Iterator[Record | Skipped]:
    """A record for every line of a captions file, or of those of a folder. Raises SourceNotFound, MalformedSource."""
    tables = flickr_tables(source) if source.is_dir() else [source]
    if not tables:
        raise SourceNotFound(
            f"{shown(source)} is not laid out like Flickr8k or Flickr30k; it needs {' or '.join(_TABLES[:3])}"
        )
    for table in tables:
        yield from _read_table(table, source if source.is_dir() else table.parent)


def _read_hub_table(path: Path, home: Path) -> Iterator[Record | Skipped]:
    pictures: Path | None = None
    for entry in read_table(path, Columns(image="filename", caption="raw"), tabs=False):
        if isinstance(entry, Record):
            inside = entry.image.is_relative_to(path.parent)
            name = (entry.image.relative_to(path.parent) if inside else entry.image).as_posix()
            pictures = pictures or _folder(home, path.parent, name)
            # Numbers of its captions, and of the picture, in the data set.
            kept = {key: value for key, value in entry.metadata.items() if key not in ("sentids", "img_id")}
            entry = replace(entry, image=on_disk(pictures, name), metadata=kept)
        yield entry


def _read_table(path: Path, home: Path) -> Iterator[Record | Skipped]:
    pictures: Path | None = None
    separator, cells = "", 2
    for number, line in lines(path):
        if not line.strip():
            continue
        if number == 1 and _is_hub_header(line):
            yield from _read_hub_table(path, home)
            return
        if number == 1 and (header := _HEADER.fullmatch(line.strip())):
            separator, cells = header[1] or ",", 3 if header[1] else 2
            continue
        name, caption = _cells(line, separator, cells, f"{shown(path)} line {number}")
        pictures = pictures or _folder(home, path.parent, name)
        yield Record(None, on_disk(pictures, name), (caption,) if caption else ())


def _cells(line: str, separator: str, cells: int, place: str) -> tuple[str, str]:
    """The picture's name and the caption, in which the separator may stand."""
    if not separator:
        if token := _TOKEN.fullmatch(line):
            return token[1].strip(), token[2].strip()
        raise MalformedSource(f"{place}: expected a picture's name, #, a number, a tab and its caption")
    parts = line.split(separator, cells - 1)
    if len(parts) == 2 and cells == 3 and (numbered := _NUMBERED.fullmatch(parts[1])):
        parts = [parts[0], "", numbered[1]]
    if len(parts) != cells or not parts[0].strip():
        raise MalformedSource(f"{place}: expected {cells} cells with {separator!r} between them")
    caption = parts[-1].strip()
    if separator == "," and len(caption) > 1 and caption[0] == caption[-1] == '"':
        caption = caption[1:-1].replace('""', '"').strip()
    return parts[0].strip(), caption


def _folder(home: Path, beside: Path, name: str) -> Path:
    """The folder of the first picture; the source's own where it is nowhere, so that errors name that."""
    places = [base / place for base in (beside, home) for place in _PICTURES]
    return next((place for place in places if (place / name).is_file()), home)
