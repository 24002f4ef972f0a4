"""What browsers show as it is, and everything else as WebP by the encoder's rules."""

from __future__ import annotations

import io
from typing import IO

from clipseek.encoder.errors import ImageError
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.header import Header, read_header
from clipseek.encoder.pictures.images import open_reduced

from ..decoding import in_turn
from ..errors import Refused

#: Changes with what is made of the same bytes.
RULES = 2
#: Longest sides of thumbnails, in pixels; the last is of the WebP that stands for a whole picture.
SIZES = (160, 320, 640, 1280)
WHOLE = 4096
_QUALITY = 82
_WHITE = (255, 255, 255)
_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}


def header_of(stream: IO[bytes], megapixels: float) -> Header:
    """What kind of picture it is. Raises Refused for what is none, HTML among it."""
    try:
        return read_header(stream, megapixels)
    except ImageError as problem:
        raise unreadable(problem) from None


def shown_type(header: Header) -> str | None:
    """The media type by which browsers show the picture as it is; None for other formats, and for deep pictures, which they cut."""
    return None if header.deep else _TYPES.get(header.format)


def sent_as_it_is(header_format: str) -> bool:
    """Whether a file of this format is ever sent; a drawing may hold scripts, and is sent as a picture of it."""
    return header_format != "SVG"


def as_webp(data: bytes, size: int, megapixels: float, megabytes: float, crop: Crop | None = None) -> bytes:
    """The picture, or ``crop`` of it, as WebP of at most ``size`` x ``size`` pixels, never enlarged.

    Raises Refused where it cannot be read."""
    try:
        with in_turn(data):
            picture, _ = open_reduced(data, _WHITE, megapixels, megabytes, size, crop=crop)
    except ImageError as problem:
        raise unreadable(problem) from None
    picture.thumbnail((size, size), reducing_gap=2.0)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return buffer.getvalue()


def unsent(name: str) -> Refused:
    """The answer where a file is not sent as it is."""
    detail = f"a file of the format {name} is sent as a picture alone; ask without download"
    return Refused(422, "picture-unreadable", "The picture cannot be read", detail)


def unreadable(problem: ImageError) -> Refused:
    """The answer where a file is no picture, or a broken one."""
    reason = str(problem).replace(" (--max-megapixels)", "").replace(" (--max-megabytes)", "")
    return Refused(
        422,
        "picture-unreadable",
        "The picture cannot be read",
        f"the picture cannot be shown: {reason}; look at its file",
    )
