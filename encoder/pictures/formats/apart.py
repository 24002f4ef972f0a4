"""Files of all but the plain formats: decoded in a worker, whose crash, hang or hunger costs that one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from PIL import Image

from ..crop import Crop
from ..errors import ImageError
from ..pixels.rendering import Seen
from ..worker.pool import pool_of
from ..worker.process import Answer
from .asked import Asked
from .registry import INSTALL, Format
from .task import TASK
from .tiff_level import with_one_level


def read_apart(data: bytes, known: Format, asked: Asked) -> Seen:
    """The pixels of a file of the format ``known``, with what its decoder printed.

    Raises ImageError with the reason: the library is not installed, the file is broken, too large, or took its decoder down.
    """
    if known.name == "TIFF" and asked.page is None:
        data = with_one_level(data, asked.edge, asked.reduce_to)
    answer = ask_apart(data, known, asked.words())
    words, (pixels,) = answer.words, answer.arrays
    met, facts = tuple(words["met"]), tuple(words["facts"])
    return Seen(Image.fromarray(pixels), words["width"], words["height"], met, facts, answer.said)


def read_crops_apart(data: bytes, known: Format, asked: Asked, crops: Sequence[Crop]) -> list[Seen]:
    """``images.open_crops`` of a file of the format ``known``; only the crops' pixels leave the worker."""
    answer = ask_apart(data, known, {**asked.words(), "crops": [asdict(crop) for crop in crops]})
    met, facts = tuple(answer.words["met"]), tuple(answer.words["facts"])
    answer.arrays.reverse()
    parts = (Image.fromarray(answer.arrays.pop()) for _ in crops)
    return [Seen(part, part.width, part.height, met, facts, answer.said) for part in parts]


def ask_apart(data: bytes, known: Format, words: Mapping[str, Any]) -> Answer:
    """What a worker answers to ``words`` (``task.work``) about a file of the format ``known``. Raises ImageError."""
    if not known.available:
        raise ImageError(f"{known.name} is read by {known.library}, which is not installed; install it: {INSTALL}")
    return pool_of(TASK).ask(data, words)
