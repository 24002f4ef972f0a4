"""Captions in files beside the pictures: ``a.txt`` or ``a.jpg.txt``, ``.caption``, ``.json``, in any case of the letters.

All sidecars of a picture count. A ``.json`` holds ``caption`` or ``captions``, else ``text``, else ``description``, and ``id``,
``group`` and further keys as in a manifest. An ``.xmp`` and the ``.json`` of a photo export are only found here: ``Record.beside``.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from ..captions import decoded
from ..embedded.takeout import LONGEST, is_takeout, pictures_of
from ..errors import MalformedSource
from ..fields import Columns, captions_in, from_object, not_understood, parse_object
from ..record import MetadataValue, Record, Skipped, shown

SUFFIXES = (".txt", ".caption", ".json", ".xmp")
_LARGEST_ORPHAN = 1 << 20


class Sidecars:
    """The sidecars among ``names``, those of one folder; ``pictures`` are the pictures' names among them."""

    def __init__(self, names: Iterable[str], pictures: Iterable[str]) -> None:
        found = [name for name in names if is_sidecar_name(name)]
        self._pictures: dict[str, list[str]] = defaultdict(list)
        self._cut: dict[str, list[str]] = defaultdict(list)
        for picture in pictures if found else ():
            key = name_key(picture)
            self._pictures[key].append(picture)
            self._pictures[split_name(key)[0]].append(picture)
            if len(picture) >= LONGEST:  # by a shorter name it is found above
                self._cut[name_key(picture[:LONGEST])].append(picture)
        self._of: dict[str, list[str]] = defaultdict(list)
        self._owned: set[str] = set()
        for name in sorted(found):
            for picture in self._owners(name):
                self._of[picture].append(name)
                self._owned.add(name)

    def _owners(self, name: str) -> list[str]:
        """The pictures whose name or stem the sidecar has: those written exactly so, where there are any, else in other letters."""
        stem, suffix = split_name(name)
        alike = self._pictures.get(name_key(stem), [])
        owners = [name for name in alike if stem in (name, split_name(name)[0])] or list(alike)
        if suffix == ".json":
            exported = (self._pictures.get(name_key(base), []) for base in pictures_of(stem))
            owners += [picture for found in exported for picture in found if picture not in owners]
            if not owners and len(stem) == LONGEST and len(cut := self._cut.get(name_key(stem), [])) == 1:
                owners += cut
        return owners

    def has_picture(self, name: str) -> bool:
        """True for a sidecar whose picture is there."""
        return name in self._owned

    def of(self, picture: str) -> list[str]:
        """The sidecars of ``picture``: the ones with its whole name first, and text before JSON."""
        found = self._of.get(picture, [])
        if len(found) < 2:
            return found
        whole = name_key(picture)

        def order(name: str) -> tuple[bool, int, str]:
            stem, suffix = split_name(name)
            return name_key(stem) != whole, SUFFIXES.index(suffix), name

        return sorted(found, key=order)


def split_name(name: str) -> tuple[str, str]:
    """A name's stem, and its suffix in lower case; as pathlib has them, in a tenth of the time: every file's name comes here."""
    at = name.rfind(".")
    return (name[:at], name[at:].lower()) if 0 < at < len(name) - 1 else (name, "")


def name_key(name: str) -> str:
    """By which names are compared: whatever the case of their letters, é composed or decomposed."""
    return (name if name.isascii() else unicodedata.normalize("NFC", name)).lower()


def is_sidecar_name(name: str) -> bool:
    """True for a name with a sidecar's suffix."""
    return split_name(name)[1] in SUFFIXES


def with_sidecars(image: Path, names: Iterable[str], columns: Columns) -> list[Record | Skipped]:
    """The record of ``image`` with what its sidecars ``names`` say, and each JSON in which no caption was found where none has one.

    Where two say an id, a group or a key, the first one's counts. Raises MalformedSource.
    """
    folder = os.path.dirname(image)
    captions: list[str] = []
    beside: list[Path] = []
    silent: list[Skipped] = []
    name_of, group = None, None
    metadata: dict[str, MetadataValue] = {}
    for name in names:
        path = os.path.join(folder, name)
        suffix = split_name(name)[1]
        if suffix == ".xmp":
            beside.append(Path(path))
            continue
        place = shown(path)
        text = decoded(_content(path), place)
        if suffix != ".json":
            captions += columns.captions_of(text)
            continue
        fields = parse_object(text, place)
        if is_takeout(fields):
            beside.append(Path(path))
            continue
        if not _is_named_after(name, image.name):
            continue  # by an export's habits it would be this picture's too, and it is from no export
        keyed = captions_in(fields, columns)
        if keyed is None:
            silent.append(not_understood(Path(path), fields, columns))
        own = from_object(fields, keyed or columns, place, image=image)
        captions += own.captions
        name_of, group, metadata = name_of or own.id, group or own.group, {**own.metadata, **metadata}
    record = Record(name_of, image, tuple(dict.fromkeys(captions)), group, metadata, tuple(beside))
    return [record, *(() if record.captions else silent)]


def _is_named_after(name: str, picture: str) -> bool:
    """True where the sidecar's name is the picture's, or its stem's, with another suffix; not by the habits of an export."""
    return name_key(split_name(name)[0]) in (name_key(picture), name_key(split_name(picture)[0]))


def orphan(path: Path, columns: Columns) -> Skipped:
    """The entry of a sidecar without a picture; its reason says how many captions are lost with it, if they can be read."""
    lost = 0
    try:
        if path.suffix.lower() != ".json" and path.stat().st_size <= _LARGEST_ORPHAN:
            lost = len(columns.captions_of(decoded(_content(path), shown(path))))
    except MalformedSource:
        pass
    except OSError:
        pass
    lines = f"; its {lost:,} line{'s are' if lost != 1 else ' is'} no caption" if lost else ""
    return Skipped(path, "caption without a picture", f"no picture of this name beside it{lines}", captions=lost)


def _content(path: str | Path) -> bytes:
    """In the fewest calls, as there is one for nearly every picture. Without O_NONBLOCK a pipe would wait for its writer."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise MalformedSource(f"{shown(path)} is no regular file; captions are read from regular files")
            data = os.read(handle, status.st_size + 1)
            while len(data) != status.st_size and (more := os.read(handle, 1 << 20)):  # it has grown, or says no size
                data += more
            return data
        finally:
            os.close(handle)
    except OSError as problem:
        raise MalformedSource(f"{shown(path)} cannot be read: {problem.strerror}") from None
