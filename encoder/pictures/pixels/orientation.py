"""Which side is up: the orientation of EXIF, in whatever container it stands.

An orientation in XMP alone is not followed: browsers and most viewers do not either.
"""

from __future__ import annotations

import contextlib

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

TAG = 0x0112
#: What makes a stored picture upright, by EXIF's number.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SWAPPED = (5, 6, 7, 8)  # width becomes height
_AS_TEXT = "Raw profile type exif"  # ImageMagick's way in PNG


def orientation_of(picture: Image.Image) -> int:
    """1 to 8, as a picture's EXIF says; 1 where there is none, or a broken one, and in a TIFF, which Pillow turns."""
    raw, text = picture.info.get("exif"), picture.info.get(_AS_TEXT)
    if raw is None and text is None:
        return 1
    with contextlib.suppress(Exception):  # a broken EXIF block is as good as none
        exif = Image.Exif()
        exif.load(bytes.fromhex("".join(str(text).split("\n")[3:])) if raw is None else raw)
        found = exif.get(TAG, 1)
        return int(found) if found in _TURNS else 1
    return 1


def turned_before(picture: Image.Image) -> frozenset[str]:
    """The rules that a picture meets before its pixels are here: Pillow itself turns a TIFF; a turn in XMP alone is not followed,
    as it was in version 1.
    """
    if isinstance(picture, TiffImageFile):
        return frozenset({"orientation"}) if picture.tag_v2.get(TAG, 1) in _TURNS else frozenset()
    xmp = picture.info.get("xmp")
    if isinstance(xmp, bytes) and b"tiff:Orientation" in xmp and orientation_of(picture) == 1:
        return frozenset({"orientation.xmp"})
    return frozenset()


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """``picture`` turned and mirrored as its EXIF number says."""
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def stored_box(box: tuple[int, int, int, int], orientation: int, width: int, height: int) -> tuple[int, int, int, int]:
    """Where left, top, right and bottom of the upright picture stand in the stored one, of ``width`` x ``height`` pixels."""
    left, top, right, bottom = box
    if orientation in SWAPPED:
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
