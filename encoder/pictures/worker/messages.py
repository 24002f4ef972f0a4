"""What goes through the pipes between this process and a worker: a line of JSON and the bytes that it counts.

Never pickles: what comes out of a worker was made by a decoder that may have been led astray by its file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_LENGTH = 8  # bytes, big-endian, of the JSON that follows
_LONGEST = 16 << 20


class Ended(Exception):
    """The other side has closed its end, in the middle of a message or before one."""


def send(
    stream: IO[bytes], words: Mapping[str, Any], buffers: Sequence[bytes | memoryview | NDArray[np.generic]] = ()
) -> None:
    """Write one message: ``words`` as JSON, then the ``buffers``, C-contiguous where they are arrays."""
    views = [_view(buffer) for buffer in buffers]
    head = json.dumps({**words, "sizes": [view.nbytes for view in views]}).encode()
    stream.write(len(head).to_bytes(_LENGTH, "big") + head)
    for view in views:
        stream.write(view)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], list[NDArray[np.uint8]]]:
    """The next message: its words, and each buffer as (bytes,) uint8. Raises Ended, and ValueError for what is no message."""
    words, sizes = _words(stream)
    return words, [_exactly(stream, size) for size in sizes]


def receive_file(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """``receive`` of a message with one buffer, from a buffered ``stream``, which makes no copy of it."""
    words, (size,) = _words(stream)
    data = stream.read(size)
    if len(data) < size:
        raise Ended
    return words, data


def _words(stream: IO[bytes]) -> tuple[dict[str, Any], list[int]]:
    length = int.from_bytes(_exactly(stream, _LENGTH), "big")
    if length > _LONGEST:
        raise ValueError(f"a message of {length} bytes")
    words = json.loads(bytes(_exactly(stream, length)))
    return words, words.pop("sizes")


def _exactly(stream: IO[bytes], size: int) -> NDArray[np.uint8]:
    filled = np.empty(size, np.uint8)
    view, done = filled.data, 0
    while done < size:
        got = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not got:
            raise Ended
        done += got
    return filled


def _view(buffer: bytes | memoryview | NDArray[np.generic]) -> memoryview:
    view = buffer.data if isinstance(buffer, np.ndarray) else memoryview(buffer)
    return view.cast("B") if view.nbytes else memoryview(b"")  # what is empty cannot be cast
