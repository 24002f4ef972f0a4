"""ROCO, radiology pictures of articles, as both of its versions unpack.

Version 1 (Pelka et al. 2018): ``train/radiology/captions.txt``, tab-separated ``id<TAB>caption`` without a header, with
``train/radiology/images/<id>.jpg``; ``validation`` and ``test``, and ``non-radiology`` beside ``radiology``, are laid out
alike. Version 2 (Rückert et al. 2024): ``train_captions.csv``, columns ``ID`` and ``Caption``, with ``train/<ID>.jpg`` or
``train_images/<ID>.jpg``; ``valid`` and ``test`` likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import SourceNotFound
from ..fields import Columns
from ..manifests.manifest import read_captions, read_table
from ..record import Record, Skipped, shown

_HOMES = ("", "data", "all_data")
_FIRST = [
    (split, kind) for split in ("train", "validation", "valid", "test") for kind in ("radiology", "non-radiology")
]
_SECOND = ("train", "valid", "test")


def is_roco(folder: Path) -> bool:
    """True where a captions file of either version lies at its place."""
    return bool(_first(folder) or _second(folder))


def read_roco(folder: Path) -> Iterator[Record | Skipped]:
    """A record for every line of the captions files that are there, with the metadata ``split`` and, for version 1,
    ``kind``. Raises SourceNotFound, MalformedSource."""
    first, second = _first(folder), _second(folder)
    if not first and not second:
        raise SourceNotFound(
            f"{shown(folder)} is not laid out like ROCO; it needs train/radiology/captions.txt or train_captions.csv"
        )
    for path, split, kind in first:
        yield from read_captions(path, path.parent / "images", {"split": split, "kind": kind})
    for path, split in second:
        pictures = path.parent / split
        if not pictures.is_dir() and (path.parent / f"{split}_images").is_dir():
            pictures = path.parent / f"{split}_images"
        for row in read_table(path, Columns(image="ID", caption="Caption"), tabs=False):
            if isinstance(row, Skipped):
                yield row
                continue
            name = row.image.name.strip()
            yield Record(name, pictures / f"{name}.jpg", row.captions, metadata={"split": split})


def _first(folder: Path) -> list[tuple[Path, str, str]]:
    places = [(folder / home / split / kind / "captions.txt", split, kind) for home in _HOMES for split, kind in _FIRST]
    return [entry for entry in places if entry[0].is_file()]


def _second(folder: Path) -> list[tuple[Path, str]]:
    places = [(folder / f"{split}_captions.csv", split) for split in _SECOND]
    return [entry for entry in places if entry[0].is_file()]
