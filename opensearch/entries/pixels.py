"""How many pixels are being decoded at once: bounded by bytes, for eight small files may hold gigabytes of them."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.header import read_header

T = TypeVar("T")
P = ParamSpec("P")

#: Of a pixel while it is decoded and brought to RGB, at most (16-bit grey and RGBA; measured).
BYTES_OF_PIXEL = 16
#: What is decoded at once has this share of the machine's memory, and at least so many bytes.
_SHARE, _LEAST = 0.25, 1 << 30
#: Whether a picture is too large is the decoder's to say. Bytes of pixels of a compressed byte, roughly.
_ANY_MEGAPIXELS, _BYTES_OF_BYTE = 1e9, 40


class PixelBudget:
    """Lets decoders go on while their pictures together have no more than ``limit`` bytes of pixels; a picture that is larger alone
    is decoded alone.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit or max(_LEAST, int(_SHARE * _memory()))
        self._used = 0
        self._closed = False
        self._changed = threading.Condition()

    def within(self, decode: Callable[Concatenate[bytes, P], T]) -> Callable[Concatenate[bytes, P], T]:
        """``decode``, which waits for its turn."""

        def waiting(data: bytes, /, *more: P.args, **named: P.kwargs) -> T:
            size = decoded_size(data)
            with self._changed:
                self._changed.wait_for(lambda: self._closed or not self._used or self._used + size <= self.limit)
                self._used += size
            try:
                return decode(data, *more, **named)
            finally:
                with self._changed:
                    self._used -= size
                    self._changed.notify_all()

        return waiting

    def close(self) -> None:
        """Let go whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def decoded_size(data: bytes) -> int:
    """Bytes of the pixels of a picture, by its header; 0 where that cannot be read, and decoding fails as well."""
    try:
        header = read_header(io.BytesIO(data), _ANY_MEGAPIXELS)
    except ImageError:
        return 0
    # Where the header does not say it, a picture is taken for a compressed one.
    return header.width * header.height * BYTES_OF_PIXEL or len(data) * _BYTES_OF_BYTE


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 4 << 30
