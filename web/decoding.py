"""Large pictures are decoded one after another: a small file may take gigabytes, and several of them all the memory there is."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Iterator

from clipseek.encoder.errors import ImageError
from clipseek.encoder.pictures.header import read_header

_LARGE = 25e6  # pixels; up to 15 bytes for each while they are decoded
_one_large = threading.Lock()


@contextlib.contextmanager
def in_turn(data: bytes) -> Iterator[None]:
    """To be held while the picture is decoded; waits for another large one where this is one, too."""
    try:
        header = read_header(io.BytesIO(data))
    except ImageError:  # the decoder says why
        yield
        return
    with _one_large if header.width * header.height > _LARGE else contextlib.nullcontext():
        yield
