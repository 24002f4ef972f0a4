"""What a decoder may do to its process, as tasks of a worker."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from clipseek.encoder.pictures.errors import ImageError
from numpy.typing import NDArray

_kept: list[bytes] = []


def work(data: bytes, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Do what ``data`` names."""
    what = data[:20].decode("latin-1")
    if what == "crash":
        os.write(2, b"libodd: bad box\n")
        ctypes.string_at(0)
    if what == "crash later":
        _kept.append(data)
    elif _kept:
        ctypes.string_at(0)
    if what == "exit":
        os._exit(3)
    if what == "hang":
        time.sleep(60)
    if what == "eat":
        np.ones(10**10, np.uint8)
    if what == "refuse":
        raise ImageError("of no use")
    if what == "raise":
        raise KeyError("a tag")
    if what == "print":
        os.write(1, b"libodd: to stdout\n")
        os.write(2, b"libodd: odd tag\nlibodd: odd tag\n\n")
    values = np.frombuffer(data, np.uint8).astype(asked.get("kind", "<u2"))
    return {"pid": os.getpid(), "length": len(data)}, [values[:, None].T, np.zeros((0, 3), np.float32)]
