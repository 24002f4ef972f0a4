"""From what a manifest writes for a picture to its file: relative or absolute, with ``\\`` or ``/``, as ``file://``, or the
address that it was downloaded from."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..record import on_disk

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def picture_path(manifest: Path, images: Path | None, name: str) -> Path:
    """The file that ``name`` means in a manifest in the folder ``manifest``: below ``images`` where that is given.

    Whether it is there is not examined, but to choose between ways to read a name. The path of another machine is looked for by its
    end, below ``images``; so is an address on the web, for the file that was downloaded from it.
    """
    base = images or manifest
    if is_address(name):
        return by_its_end(base, unquote(urlsplit(name).path))
    if name[:7].lower() == "file://":
        name = unquote(urlsplit(name).path)
        if _DRIVE.match(name[1:]):
            name = name[1:]
    elif "\\" not in name and not (images is not None and os.path.isabs(name)):
        return on_disk(base, name)
    plain = on_disk(base, name)
    if os.path.lexists(plain):
        return plain
    slashed = name.replace("\\", "/")
    if images is None and not _DRIVE.match(slashed):
        return on_disk(base, slashed)
    return by_its_end(images, slashed) if images is not None else plain


def is_address(name: str) -> bool:
    """True for an address on the web."""
    return name.lower().startswith(("http://", "https://"))


def by_its_end(images: Path, name: str) -> Path:
    """The file below ``images`` that has most of the end of ``name``; all of it where there is none."""
    parts = _DRIVE.sub("", name).strip("/").split("/")
    ends = (on_disk(images, "/".join(parts[start:])) for start in range(len(parts)))
    return next(filter(os.path.lexists, ends), images / "/".join(parts))
