"""A folder of pictures, with or without captions beside them.

The captions of ``a.jpg`` stand in its sidecars (sidecar.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from clipseek.encoder.pictures.suffixes import is_picture_name

from ..embedded.dicom import is_dicom
from ..errors import MalformedSource, SourceNotFound
from ..fields import Columns
from ..record import Record, Skipped, shown
from ..system_files import maker_of
from .selection import Selection, below
from .sidecar import Sidecars, is_sidecar_name, orphan, with_sidecars


def iter_files(folder: Path) -> Iterator[Path]:
    """Every file under ``folder``, folder by folder, in the order of their names; whatever it is, but folders and what a
    system made for itself.

    Links to folders are not followed, for they may lead back; hidden folders are not entered; neither is yielded.
    Raises SourceNotFound where ``folder`` itself is not there or cannot be read.
    """
    for entry in _walk(folder, Selection()):
        if isinstance(entry, Path):
            yield entry


def is_image_name(path: Path) -> bool:
    """True for a name with the suffix of a picture, in any case."""
    return is_picture_name(path.name)


def is_picture(path: Path) -> bool:
    """True for a picture's name, and for a DICOM file without an ending, as scanners and archives write them."""
    return is_image_name(path) or ("." not in path.name and _is_dicom(path))


def _is_dicom(path: Path) -> bool:
    try:
        if not path.is_file():
            return False  # opening a pipe would wait for its writer
        with path.open("rb") as file:
            return is_dicom(file)
    except OSError:
        return False


def picture_files(path: Path) -> Iterator[Path]:
    """Every file under the folder ``path`` with a picture's name; of a path that is no folder, the path itself."""
    if path.is_dir():
        yield from (file for file in iter_files(path) if is_picture(file) and file.is_file())
    else:
        yield path


def read_folder(folder: Path, columns: Columns, selection: Selection) -> Iterator[Record | Skipped]:
    """A record for every picture under ``folder``; every other file, but the captions' own, as Skipped.

    Memory is bounded by the names of the largest single folder.
    """
    sidecars = Sidecars((), ())
    here: Path | None = None
    for entry in _walk(folder, selection):
        if isinstance(entry, Skipped):
            yield entry
            continue
        if entry.parent != here:
            here = entry.parent
            names = [name for name in _names(here) if not maker_of(name, is_folder=False)]
            sidecars = Sidecars(names, (name for name in names if is_image_name(Path(name))))
        if selection and (why := selection.left_out(below(entry, folder))):
            # Sidecars go with their pictures, so that a pattern need not name them.
            if not sidecars.has_picture(entry.name):
                yield Skipped(entry, *why)
        elif is_picture(entry):
            try:
                yield from with_sidecars(entry, sidecars.of(entry.name), columns)
            except MalformedSource as problem:
                yield Skipped(entry, "unreadable caption", str(problem), problem)
        elif not is_sidecar_name(entry.name):
            yield Skipped(entry, "not an image", "not an image")
        elif not sidecars.has_picture(entry.name):
            yield orphan(entry, columns)


def _walk(folder: Path, selection: Selection) -> Iterator[Path | Skipped]:
    """Depth first, each folder's files before its folders: one folder's files come without interruption."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as problem:
            if here == folder:
                raise SourceNotFound(
                    f"{shown(folder)} cannot be read as a folder ({problem.strerror}); name a folder of pictures or a "
                    "manifest"
                ) from None
            yield Skipped(here, "unreadable folder", f"the folder cannot be read: {problem.strerror}")
            continue
        folders: list[Path] = []
        for entry in entries:
            path = here / entry.name
            is_folder = _leads_to_folder(entry)
            if who := maker_of(entry.name, is_folder=is_folder):
                yield Skipped(path, "made by a system", f"made by {who}, no picture of yours; left out")
            elif not is_folder:
                yield path
            elif why := selection.left_out(below(path, folder), is_folder=True):
                yield Skipped(path, *why)
            elif entry.is_symlink():
                yield Skipped(path, "link to a folder", "a link to a folder, not followed; ingest the folder itself")
            elif entry.name.startswith("."):
                yield Skipped(
                    path, "hidden folder", "a hidden folder, not entered; ingest it by itself if it holds pictures"
                )
            else:
                if is_image_name(path):
                    yield Skipped(path, "not an image", "a folder with a picture's name; what it holds is read")
                folders.append(path)
        waiting.extend(reversed(folders))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link that turns in a circle: a file as any other, whose opening fails with a reason.
        return False


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
