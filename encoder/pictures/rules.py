"""What decides how a file's values become pixels: the choices that a bundle holds, and the version of each rule.

A rule's version is raised when its pixels change. A document keeps the versions of those rules that its picture met
(``Seen.met``), so that only pictures whose rule has changed are encoded again; caches of pixels have them all in their key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

#: What becomes black and white in a picture of more than 8 bits, or of floats (``depth.py``).
DepthRange: TypeAlias = Literal["full", "used", "p2-98"]
DEPTH_RANGES: tuple[DepthRange, ...] = get_args(DepthRange)

#: Which one of several is the picture.
Frame: TypeAlias = Literal["first", "middle"]
FRAMES: tuple[Frame, ...] = get_args(Frame)

#: Each rule's version. 1: as it was before versions were kept, so that a document without any is one of version 1.
#: A plain 8-bit picture in sRGB meets none of them.
VERSIONS: dict[str, int] = {
    "depth": 4,
    "colour": 2,
    "transparency": 1,
    "transparency.key": 2,
    "orientation": 1,
    "orientation.xmp": 2,
    "pages": 2,
    "size": 2,
    "size.bands": 2,
    "size.jpeg2000": 3,
    "size.png": 2,
    "format.dicom": 1,
    "format.heif": 1,
    "format.jpeg_xl": 1,
    "format.nifti": 1,
    "format.pdf": 1,
    "format.raw": 1,
    "format.svg": 1,
    "format.tiff": 1,
}


@dataclass(frozen=True)
class Rules:
    """The choices of a bundle.

    background: RGB, 0..255, what shows through transparency and where a no-data value stands. depth_range: see ``depth.py``.
    bands: of a picture of many bands those that are red, green and blue, or grey, from 1; none: as the file says. frame: which of a
    volume's slices, or of a moving scan's frames.
    """

    background: tuple[int, int, int] = (255, 255, 255)
    depth_range: DepthRange = "used"
    bands: tuple[int, ...] = ()
    frame: Frame = "middle"


def versions_of(concerns: Iterable[str]) -> tuple[str, ...]:
    """``name:version`` of each, sorted: what a document stores."""
    return tuple(f"{concern}:{VERSIONS[concern]}" for concern in sorted(set(concerns)))


def outdated(stored: Iterable[str]) -> list[str]:
    """Those of a document's ``name:version`` that are not today's."""
    return [entry for entry in stored if entry.rpartition(":")[2] != str(VERSIONS.get(entry.rpartition(":")[0], 0))]
