"""The layout of ImageCLEF 2017's caption prediction task, as its archives unpack.

``training/CaptionPredictionTraining2017/<id>.jpg`` with ``training/CaptionPredictionTraining2017-Captions.csv``, and
``validation/ConceptDetectionValidation2017/<id>.jpg`` with
``validation/CaptionPredictionValidation2017-Captions.csv``. The "csv" is tab-separated, ``id<TAB>caption``, without a
header. The test pictures have no captions and are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import SourceNotFound
from ..manifests.manifest import read_captions
from ..record import Record, Skipped, shown

_PARTS = (
    ("training", "training/CaptionPredictionTraining2017-Captions.csv", "training/CaptionPredictionTraining2017"),
    (
        "validation",
        "validation/CaptionPredictionValidation2017-Captions.csv",
        "validation/ConceptDetectionValidation2017",
    ),
)


def is_imageclef(folder: Path) -> bool:
    """True where one of the two captions files lies at its place."""
    return any((folder / captions).is_file() for _, captions, _ in _PARTS)


def read_imageclef(folder: Path) -> Iterator[Record]:
    """A record for every line of the captions files that are there; the part is the metadata ``split``."""
    if not is_imageclef(folder):
        raise SourceNotFound(
            f"{shown(folder)} is not laid out like ImageCLEF 2017; it needs {_PARTS[0][1]} or {_PARTS[1][1]}"
        )
    for split, captions, pictures in _PARTS:
        if (folder / captions).is_file():
            yield from read_captions(folder / captions, folder / pictures, {"split": split})


def as_in_the_talk(entries: Iterator[Record | Skipped]) -> Iterator[Record | Skipped]:
    """The same records in the splits of Sujit Pal's Haystack 2022 talk: the training part in ``train`` and ``validation``, 90 to
    10, and the validation part as ``test``. The talk drew the tenth at random; here a hash of the picture's id decides, so
    that it is the same each time."""
    for entry in entries:
        if isinstance(entry, Record):
            digest = hashlib.sha256(f"talk\0{entry.id}".encode("utf-8", "replace")).digest()
            tenth = int.from_bytes(digest[:8], "big") < 2**64 // 10
            split = "test" if entry.split == "validation" else "validation" if tenth else "train"
            entry = replace(entry, metadata={**entry.metadata, "split": split})
        yield entry
