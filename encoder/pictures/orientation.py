"""Which side is up: the orientation of EXIF, in whatever container it stands.

An orientation in XMP alone is not followed: browsers and most viewers do not either.
"""

from __future__ import annotations

import contextlib

from PIL import Image

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


def orientation_of(picture: Image.Image) -> int:
    """1 to 8, as an opened picture's EXIF says; 1 where there is none, or a broken one."""
    if "exif" not in picture.info and picture.format not in _OWN_TAGS and "Raw profile type exif" not in picture.info:
        return 1
    with contextlib.suppress(Exception):  # a broken EXIF block is as good as none
        exif = Image.Exif()
        if picture.format in _OWN_TAGS:
            found = getattr(picture, "tag_v2", {}).get(TAG, 1)
        else:
            raw = picture.info.get("exif")
            if raw is None:
                text = str(picture.info["Raw profile type exif"])
                raw = bytes.fromhex("".join(text.split("\n")[3:]))
            exif.load(raw)
            found = exif.get(TAG, 1)
        return int(found) if found in range(1, 9) else 1
    return 1


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """``picture`` turned and mirrored as its EXIF number says."""
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


_OWN_TAGS = ("TIFF",)
