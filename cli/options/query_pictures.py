"""A query picture as it is typed: FILE, a part of it (FILE#x,y,w,h), and its weight (FILE@2)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clipseek.encoder.pictures.crop import Crop, PictureFile
    from clipseek.opensearch import QueryPicture

#: What the help of every command that takes a part of a picture says of it.
CROP_HELP = "FILE#x,y,w,h is a part of it, in pixels or per cent, FILE#page=3 a page, frame or slice."


def read_query_picture(given: str) -> QueryPicture:
    """The file's bytes of ``FILE[#x,y,w,h][@W]``, its weight and the crop. Raises InvalidOption for a file that cannot be read and
    for a weight that is none, ImageError for a crop that is none.
    """
    from clipseek.encoder.pictures.files import read_file
    from clipseek.opensearch import QueryPicture
    from clipseek.opensearch.errors import InvalidOption
    from clipseek.opensearch.query.vectors import read_weight

    named, weight = (given, 1.0) if os.path.isfile(given) else read_weight(given)
    file = read_picture_file(named)
    try:
        return QueryPicture(read_file(file.path), weight, file.crop)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise InvalidOption(
            f"the query picture {file.path} cannot be read ({reason}); name a picture file, like a.jpg, a.jpg#x,y,w,h or "
            "a.jpg#x,y,w,h@2"
        ) from None


def read_picture_file(given: str) -> PictureFile:
    """The file and the crop of ``FILE[#x,y,w,h]``; a file whose name ends so wins. Raises ImageError for a crop that is none."""
    from clipseek.encoder.pictures.crop import PictureFile

    name, mark, written = given.rpartition("#")
    if not mark or os.path.exists(given):
        return PictureFile(Path(given))
    if (crop := _crop(name, written)) is None:
        return PictureFile(Path(given))
    return PictureFile(Path(name), crop)


def _crop(name: str, written: str) -> Crop | None:
    """None where ``written`` is no crop, and ``name`` no file of which it could be meant as one."""
    from clipseek.encoder import ImageError
    from clipseek.encoder.pictures.crop import Crop

    try:
        crop = Crop.read(written)
    except ImageError as problem:
        raise ImageError(f"{name}: {problem}") from None
    if crop is None and os.path.isfile(name):
        raise ImageError(
            f"{name}: the crop {written[:80]!r} is not understood; write left, top, width and height in pixels, like "
            f"{name}#10,20,100,80, or all in per cent, like {name}#10%,20%,50%,50%; a page, frame or "
            f"slice is {name}#page=3"
        )
    return crop
