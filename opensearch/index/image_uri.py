"""Where a picture's bytes are, as a URI, and back. Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

from clipseek.sources import TarMember, tar_picture

_INSIDE = re.compile(r"archive=([^&]+)&bytes=(\d+)-(\d+)")


def image_uri(path: Path) -> str:
    """The file as a URI, absolute; any bytes in its name are percent-encoded, so it is always plain ASCII.

    Of a picture inside an archive the fragment says where its bytes are: ``shard.tar/0001.jpg#archive=shard.tar&bytes=512-90``,
    the first byte and how many.
    """
    whole = os.path.abspath(path)
    # As Path.as_uri writes it, in a third of the time.
    uri = "file://" + quote(os.fsencode(whole)) if os.name == "posix" else Path(whole).as_uri()
    if isinstance(path, TarMember):
        return f"{uri}#archive={quote(os.fsencode(path.archive.name))}&bytes={path.start}-{path.size}"
    return uri


@dataclass(frozen=True)
class Place:
    """Where a picture's bytes are: all of ``file``, or ``size`` bytes of it from ``start`` on, and then it is an archive.

    ``name`` is what the picture is called: of one inside an archive, its path in there.
    """

    file: Path
    name: str
    start: int = 0
    size: int | None = None


def image_place(uri: str) -> Place | None:
    """The place that ``image_uri`` names, or ``None`` where it is none of a machine like this one."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc:
        return None
    path = Path(os.fsdecode(unquote_to_bytes(parts.path)))
    inside = _INSIDE.fullmatch(parts.fragment)
    if inside is None:
        return Place(path, path.name)
    name = os.fsdecode(unquote_to_bytes(inside[1]))
    archive = next((above for above in path.parents if above.name == name), None)
    if archive is None:
        return None
    return Place(archive, str(path.relative_to(archive)), int(inside[2]), int(inside[3]))


def image_path(uri: str) -> Path | None:
    """The file that ``image_uri`` names, or ``None`` where it is no file of a machine like this one."""
    place = image_place(uri)
    if place is None or place.size is None:
        return None if place is None else place.file
    return tar_picture(place.file, place.name, place.start, place.size)
