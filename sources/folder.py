"""A folder of pictures, with or without captions beside them.

The captions of ``a.jpg`` stand in ``a.txt`` or ``a.caption`` (one caption a line) or in ``a.json`` (``caption`` or
``captions``, and ``id``, ``group`` and further keys as in a manifest); ``a.jpg.txt`` and the like are read too, and
come first.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .errors import MalformedSource, SourceNotFound
from .fields import Columns, from_object, parse_object
from .record import Record, Skipped, shown

#: What is taken for a picture by its name. Whether it can be decoded is the encoder's to say, with a reason.
IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for group in (
        ("jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "tif", "tiff", "bmp", "dib", "avif"),
        ("heic", "heif", "jp2", "j2k", "ppm", "pgm", "pbm", "pnm", "ico", "tga"),
    )
    for name in group
)
SIDECAR_SUFFIXES = (".txt", ".caption", ".json")


def iter_files(folder: Path) -> Iterator[Path]:
    """Every file under ``folder``, folder by folder, in the order of their names; whatever it is, folders excepted.

    Links to folders are not followed, for they may lead back; hidden folders are not entered; neither is yielded.
    Raises SourceNotFound where ``folder`` itself is not there or cannot be read.
    """
    for entry in _walk(folder):
        if isinstance(entry, Path):
            yield entry


def is_image_name(path: Path) -> bool:
    """True for a name with the suffix of a picture, in any case."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def picture_files(path: Path) -> Iterator[Path]:
    """Every file under the folder ``path`` with a picture's name; of a path that is no folder, the path itself."""
    if path.is_dir():
        yield from (file for file in iter_files(path) if is_image_name(file) and file.is_file())
    else:
        yield path


def read_folder(folder: Path, columns: Columns) -> Iterator[Record | Skipped]:
    """A record for every picture under ``folder``; every other file, but the captions' own, as Skipped.

    Memory is bounded by the names of the largest single folder.
    """
    names: frozenset[str] = frozenset()
    here: Path | None = None
    for entry in _walk(folder):
        if isinstance(entry, Skipped):
            yield entry
            continue
        if entry.parent != here:
            here = entry.parent
            names = frozenset(_names(here))
        if is_image_name(entry):
            try:
                yield _with_sidecar(entry, names, columns)
            except MalformedSource as problem:
                yield Skipped(entry, "unreadable caption", str(problem), problem)
        elif not _is_sidecar(entry, names):
            yield Skipped(entry, "not an image", "not an image")


def _walk(folder: Path) -> Iterator[Path | Skipped]:
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
            if not _leads_to_folder(entry):
                yield path
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


def _is_sidecar(path: Path, names: frozenset[str]) -> bool:
    if path.suffix.lower() not in SIDECAR_SUFFIXES:
        return False
    # Both a.jpg.txt (the stem is the picture) and a.txt (the stem and any suffix of a picture).
    stem = path.stem
    if is_image_name(Path(stem)) and stem in names:
        return True
    return any(stem + suffix in names or stem + suffix.upper() in names for suffix in IMAGE_SUFFIXES)


def _with_sidecar(image: Path, names: frozenset[str], columns: Columns) -> Record:
    for base in (image.name, image.stem):
        for suffix in SIDECAR_SUFFIXES:
            if base + suffix in names:
                return _read_sidecar(image, image.with_name(base + suffix), columns)
    return Record(id=None, image=image)


def _read_sidecar(image: Path, sidecar: Path, columns: Columns) -> Record:
    try:
        if not stat.S_ISREG(sidecar.stat().st_mode):
            raise MalformedSource(f"{shown(sidecar)} is no regular file; captions are read from regular files")
        text = sidecar.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise MalformedSource(f"{shown(sidecar)} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise MalformedSource(f"{shown(sidecar)} is not UTF-8 (byte {problem.start}); save it as UTF-8") from None
    if sidecar.suffix == ".json":
        return from_object(parse_object(text, shown(sidecar)), columns, shown(sidecar), image=image)
    return Record(id=None, image=image, captions=tuple(line.strip() for line in text.splitlines() if line.strip()))
