"""A picture of the index for a model to look at, bounded in pixels and in bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass

from clipseek.encoder.pictures.header import read_header

from ..pictures.service import Pictures
from ..pictures.shown import SIZES

#: In base64 a third more, with which an answer still stays below the megabyte that clients take.
MOST_BYTES = 700_000
MEDIA_TYPE = "image/webp"


@dataclass(frozen=True)
class Shown:
    """A picture as WebP, and its sides in pixels."""

    data: bytes
    width: int
    height: int


def shown(pictures: Pictures, alias: str, name: str, size: int) -> Shown:
    """The picture at most ``size`` pixels long, or as much smaller as makes it fit into ``MOST_BYTES``.

    Raises Refused for what is no picture, or may not be shown.
    """
    data = b""
    for edge in sorted((edge for edge in SIZES if edge <= size), reverse=True):
        data = pictures.thumbnail(alias, name, edge, lambda _: False).data or b""
        if len(data) <= MOST_BYTES:
            break
    header = read_header(io.BytesIO(data))
    return Shown(data, header.width, header.height)
