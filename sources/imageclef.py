"""The layout of ImageCLEF 2017's caption prediction task, as its archives unpack.

``training/CaptionPredictionTraining2017/<id>.jpg`` with ``training/CaptionPredictionTraining2017-Captions.csv``, and
``validation/ConceptDetectionValidation2017/<id>.jpg`` with
``validation/CaptionPredictionValidation2017-Captions.csv``. The "csv" is tab-separated, ``id<TAB>caption``, without a
header. The test pictures have no captions and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .errors import SourceNotFound
from .manifest import read_captions
from .record import Record, shown

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
