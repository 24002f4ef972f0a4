"""A folder of pictures, with or without captions beside them.

The captions of ``a.jpg`` stand in its sidecars (sidecar.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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
        if not isinstance(entry, Skipped):
            yield entry.path


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
    sidecars, pictures = Sidecars((), ()), frozenset[str]()
    here: Path | None = None
    for entry in _walk(folder, selection):
        if isinstance(entry, Skipped):
            yield entry
            continue
        name = entry.name
        if entry.folder is not here:
            here = entry.folder
            pictures = frozenset(filter(is_picture_name, entry.beside))
            sidecars = Sidecars(entry.beside, sorted(pictures))
        if selection and (why := selection.left_out(below(entry.path, folder))):
            # Sidecars go with their pictures, so that a pattern need not name them.
            if not sidecars.has_picture(name):
                yield Skipped(entry.path, *why)
        elif name in pictures or ("." not in name and _is_dicom(entry.path)):
            path = entry.path
            try:
                yield from with_sidecars(path, sidecars.of(name), columns)
            except MalformedSource as problem:
                yield Skipped(path, "unreadable caption", str(problem), problem)
        elif sidecars.has_picture(name):
            continue
        elif is_sidecar_name(name):
            yield orphan(entry.path, columns)
        else:
            yield Skipped(entry.path, "not an image", "not an image")


class _File(NamedTuple):
    """A file in ``folder``, whose files are ``beside`` it. A path takes longer to make, and a caption's file needs none."""

    folder: Path
    name: str
    beside: list[str]

    @property
    def path(self) -> Path:
        return self.folder / self.name


def _walk(folder: Path, selection: Selection) -> Iterator[_File | Skipped]:
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
        files: list[str] = []
        for entry in entries:
            name, is_folder = entry.name, _leads_to_folder(entry)
            if who := maker_of(name, is_folder=is_folder):
                yield Skipped(here / name, "made by a system", f"made by {who}, no picture of yours; left out")
            elif not is_folder:
                files.append(name)
            elif why := selection.left_out(below(here / name, folder), is_folder=True):
                yield Skipped(here / name, *why)
            elif entry.is_symlink():
                reason = "a link to a folder, not followed; ingest the folder itself"
                yield Skipped(here / name, "link to a folder", reason)
            elif name.startswith("."):
                reason = "a hidden folder, not entered; ingest it by itself if it holds pictures"
                yield Skipped(here / name, "hidden folder", reason)
            else:
                if is_picture_name(name):
                    reason = "a folder with a picture's name; what it holds is read"
                    yield Skipped(here / name, "not an image", reason)
                folders.append(here / name)
        for name in files:
            yield _File(here, name, files)
        waiting.extend(reversed(folders))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link that turns in a circle: a file as any other, whose opening fails with a reason.
        return False
