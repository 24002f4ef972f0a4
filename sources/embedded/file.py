"""What a picture's file, and the files that programs wrote beside it, say of the picture."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from ..errors import MalformedSource
from ..fields import parse_object
from ..record import shown
from ..tars.tar_member import TarMember
from . import containers
from .boilerplate import is_boilerplate
from .dicom import is_dicom, read_dicom
from .exif import IPTC, PHOTOSHOP, XMP, decoded_text, read_exif
from .found import NOTHING, Embedded, distinct
from .iptc import from_photoshop, read_iptc
from .takeout import read_takeout
from .xmp import LARGEST, Refused, read_xmp


def read_file(path: Path, dicom: Sequence[str] = ()) -> tuple[Embedded, list[str]]:
    """What is written in the picture ``path``, without boilerplate, and why parts of it were not read. A file that cannot be
    opened, or has no metadata, says nothing: whether it is a picture is the decoder's to say. ``dicom`` names what of a DICOM's
    descriptions is wanted."""
    try:
        stream = _opened(path)
    except (OSError, ValueError):
        return NOTHING, []
    problems: list[str] = []
    with stream:
        try:
            found = read_dicom(stream, dicom) if dicom and is_dicom(stream) else _read(stream, problems)
        except (OSError, ValueError):
            found = NOTHING
    return _cleaned(found, path), problems


def read_beside(path: Path, picture: Path) -> tuple[Embedded, list[str]]:
    """What an ``.xmp`` or the ``.json`` of a photo export at ``path`` says of ``picture``, and why it was not read."""
    try:
        with _opened(path) as stream:
            data = stream.read(LARGEST + 1)
        found = (
            read_xmp(data)
            if path.suffix.lower() == ".xmp"
            else read_takeout(parse_object(data.decode("utf-8-sig"), shown(path)))
        )
    except OSError as problem:
        return NOTHING, [f"{shown(path)} cannot be read: {problem.strerror}"]
    except (Refused, MalformedSource, UnicodeDecodeError) as problem:
        return NOTHING, [f"{shown(path)}: {problem}"]
    return _cleaned(found, picture), []


def _opened(path: Path) -> IO[bytes]:
    """A regular file, opened without waiting for a pipe's writer. Raises OSError, ValueError."""
    if isinstance(path, TarMember):
        return io.BytesIO(path.read_bytes())
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ValueError("no regular file")
    return open(handle, "rb")


def _read(stream: IO[bytes], problems: list[str]) -> Embedded:
    """XMP before IPTC before EXIF: the first is what programs of today write, and says its characters."""
    kinds: dict[str, list[Embedded]] = {"xmp": [], "iptc": [], "exif": [], "text": []}

    def take_xmp(data: bytes) -> None:
        try:
            kinds["xmp"].append(read_xmp(data))
        except Refused as problem:
            problems.append(str(problem))

    def take_tiff(source: IO[bytes]) -> None:
        found, tags = read_exif(source)
        kinds["exif"].append(found)
        if XMP in tags:
            take_xmp(tags[XMP])
        for tag in (IPTC, PHOTOSHOP):
            if tag in tags:
                kinds["iptc"].append(read_iptc(from_photoshop(tags[tag]) if tag == PHOTOSHOP else tags[tag]))

    start = stream.read(4)
    stream.seek(0)
    if start[:2] in (b"II", b"MM"):
        take_tiff(stream)
    else:
        for kind, data in containers.blocks(stream):
            if kind == containers.XMP:
                take_xmp(data)
            elif kind == containers.PHOTOSHOP:
                kinds["iptc"].append(read_iptc(from_photoshop(data)))
            elif kind == containers.TEXT:
                kinds["text"].append(Embedded(texts=distinct([decoded_text(data)])))
            else:
                try:
                    take_tiff(io.BytesIO(data))
                except ValueError:
                    continue
    found = NOTHING
    for part in (one for of_kind in kinds.values() for one in of_kind):
        found = found.and_then(part)
    return found


def _cleaned(found: Embedded, picture: Path) -> Embedded:
    return replace(found, texts=tuple(text for text in found.texts if not is_boilerplate(text, picture)))
