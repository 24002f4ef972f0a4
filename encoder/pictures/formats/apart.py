"""Files of all but the plain formats: decoded in a worker, whose crash, hang or hunger costs that one file."""

from __future__ import annotations

from PIL import Image

from ..errors import ImageError
from ..pixels.rendering import Seen
from ..worker.pool import pool_of
from .asked import Asked
from .registry import INSTALL, Format
from .task import TASK


def read_apart(data: bytes, known: Format, asked: Asked) -> Seen:
    """The pixels of a file of the format ``known``, with what its decoder printed.

    Raises ImageError with the reason: the library is not installed, the file is broken, too large, or took its decoder down.
    """
    if not known.available:
        raise ImageError(f"{known.name} is read by {known.library}, which is not installed; install it: {INSTALL}")
    answer = pool_of(TASK).ask(data, asked.words())
    words, (pixels,) = answer.words, answer.arrays
    met, facts = tuple(words["met"]), tuple(words["facts"])
    return Seen(Image.fromarray(pixels), words["width"], words["height"], met, facts, answer.said)
