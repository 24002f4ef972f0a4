"""Which pictures a model was trained on, kept beside it, so that an evaluation on them is not taken for one on unseen ones.

trained_on.bin: eight bytes for each picture, hashed from its file's bytes, little-endian, sorted; 0.8 MB for 100,000 pictures.
It decides no vector and is not part of a bundle's fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from clipseek.encoder.bundle.bundle import Bundle
from clipseek.encoder.bundle.files import PASSPORT, TRAINED_ON
from clipseek.encoder.bundle.unchanged import same_file
from clipseek.files.whole import write_whole
from numpy.typing import NDArray

from .pairs import Pairs
from .streamed import Streamed

FILE = TRAINED_ON
Marks = NDArray[np.uint64]


def marks_of(parts: Iterable[Pairs], base: Path | None = None) -> Marks:
    """Of the pictures of ``parts`` and of those that the checkpoint in folder ``base`` was trained on: sorted, each once."""
    known = [read_marks(base)] if base is not None else []
    return np.unique(np.concatenate([np.empty(0, np.uint64), *known, *map(_marks, parts)]))


def write_marks(folder: Path, marks: Marks) -> None:
    """Beside the files of a model; nothing for no pictures."""
    if len(marks):
        write_whole(folder / FILE, marks.astype("<u8").tobytes())


def read_marks(folder: Path) -> Marks:
    """Empty where nothing is known: another trainer's model, a hub id, a bundle whose passport does not list the file.

    Raises BundleError where a bundle's is not the one of its passport.
    """
    path = folder / FILE
    if not path.is_file():
        return np.empty(0, np.uint64)
    if (folder / PASSPORT).is_file():
        bundle = Bundle.load(folder)
        if FILE not in bundle.passport.get("extras", {}):
            return np.empty(0, np.uint64)
        with same_file(bundle, FILE) as file:
            data = file.read_bytes()
    else:
        data = path.read_bytes()
    return np.frombuffer(data[: len(data) // 8 * 8], "<u8").astype(np.uint64)


def trained_on(folder: Path, pairs: Pairs) -> int | None:
    """How many of the pictures of ``pairs`` the model in ``folder`` was trained on: the same bytes. None where it is unknown."""
    marks = read_marks(folder)
    return int(np.isin(_marks(pairs), marks).sum()) if len(marks) else None


def _marks(pairs: Pairs) -> Marks:
    """Of the distinct pictures that the pairs show."""
    shown = pairs.shown_pictures()[0].tolist()
    if isinstance(pairs.pixels, Streamed):  # those that were read
        names = [pairs.pixels.content[row] for row in shown if row in pairs.pixels.content]
    else:
        names = [pairs.digests[row] for row in shown]
    hashed = b"".join(hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(hashed, "<u8").astype(np.uint64)
