"""The JSON of RSICD, UCM captions, Sydney captions, and of Karpathy's splits of COCO and Flickr.

``{"dataset": "rsicd", "images": [{"filename": …, "split": "train", "sentences": [{"raw": …}, …]}, …]}``. The file does
not say where its pictures lie; archives put them beside it, or into one of the folders in ``_PICTURES``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..captions import decoded
from ..errors import MalformedSource, SourceNotFound
from ..record import Record, on_disk, shown

#: dataset.json, dataset_coco.json, dataset_rsicd.json.
_NAME = re.compile(r"dataset(?:_\w+)?\.json")
#: At either end of a file, which are looked at to tell what it is: data sets of a gigabyte are not read for that.
_END = 1 << 14
# Below the file's own folder; {} is the data set's name in capitals, as in RSICD_images.
_PICTURES = ("", "images", "imgs", "{}_images")


def load_json(path: Path) -> Any:
    """The file's one JSON value. Raises SourceNotFound where it cannot be read, MalformedSource where it is no JSON."""
    try:
        return json.loads(decoded(path.read_bytes(), shown(path)))
    except OSError as problem:
        raise SourceNotFound(f"{shown(path)} cannot be read: {problem.strerror}") from None
    except (ValueError, RecursionError) as problem:
        raise MalformedSource(
            f"{shown(path)} is not one JSON value ({problem}); name JSON lines with --layout jsonl"
        ) from None


def stands_in(path: Path, *keys: str) -> bool:
    """Whether all ``keys`` stand near one of the two ends of a JSON file."""
    if not path.name.lower().endswith(".json") or not os.path.isfile(path):
        return False
    try:
        with path.open("rb") as file:
            ends = [file.read(_END)]
            file.seek(max(0, os.fstat(file.fileno()).st_size - _END))
            ends.append(file.read(_END))
    except OSError:
        return False
    return any(all(key.encode() in end for key in keys) for end in ends)


def karpathy_tables(folder: Path) -> list[Path]:
    """The captions files of ``folder``: by their name, and what stands at their ends."""
    try:
        named = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []
    return [path for path in named if is_karpathy_table(path)]


def is_karpathy_table(path: Path) -> bool:
    """True for a JSON file of pictures with their sentences."""
    return stands_in(path, '"filename"', '"sentences"', '"raw"')


def read_karpathy_tables(source: Path) -> Iterator[Record]:
    """The records of all captions files of a folder, or of one file. Raises SourceNotFound, MalformedSource."""
    tables = karpathy_tables(source) if source.is_dir() else [source]
    if not tables:
        raise SourceNotFound(
            f"{shown(source)} has no dataset.json with pictures and sentences, as Karpathy's splits, RSICD and UCM have it"
        )
    for path in tables:
        yield from read_karpathy(path, load_json(path))


def read_karpathy(path: Path, content: Any) -> Iterator[Record]:
    """A record for each picture of ``content``, which is what ``path`` holds, with all its captions, and the metadata ``split``
    where it is given.

    Raises MalformedSource where it is not laid out so, before the first record but for a single entry's faults.
    """
    entries = content.get("images") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise MalformedSource(
            f'{shown(path)}: expected {{"images": [{{"filename": …, "sentences": [{{"raw": …}}]}}, …]}}, as RSICD and UCM '
            "have it; write other data as a manifest (TSV, CSV, JSONL)"
        )
    return _records(path, entries, str(content.get("dataset", "")))


def _records(path: Path, entries: list[Any], dataset: str) -> Iterator[Record]:
    folder: Path | None = None
    for number, entry in enumerate(entries):
        place = f"{shown(path)} images[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("filename"), str) or not entry["filename"]:
            raise MalformedSource(f'{place}: expected an object with a text "filename", the picture\'s name')
        # COCO's pictures lie in a folder for each part, which "filepath" names.
        part = entry.get("filepath")
        name = Path(part if isinstance(part, str) else "") / entry["filename"]
        folder = folder or _folder(path.parent, name, dataset)
        split = entry.get("split")
        yield Record(
            id=None,
            image=on_disk(folder, str(name)),
            captions=tuple(dict.fromkeys(_captions(entry, place))),
            metadata={"split": split} if isinstance(split, str) else {},
        )


def _captions(entry: Mapping[str, Any], place: str) -> Iterator[str]:
    """The captions as they were written; ``tokens`` beside them have lost case and punctuation."""
    sentences = entry.get("sentences", [])
    if not isinstance(sentences, list):
        raise MalformedSource(f'{place}: "sentences" must be a list of objects with a text "raw", the caption')
    for sentence in sentences:
        raw = sentence.get("raw") if isinstance(sentence, dict) else None
        if not isinstance(raw, str):
            raise MalformedSource(f'{place}: each of its "sentences" must be an object with a text "raw", the caption')
        if caption := raw.strip():
            yield caption


def _folder(home: Path, name: Path, dataset: str) -> Path:
    """The folder where the first picture lies; the file's own where it is nowhere, so that errors name that."""
    places = [home / place.format(dataset.upper()) for place in _PICTURES]
    return next((place for place in places if (place / name).is_file()), home)
