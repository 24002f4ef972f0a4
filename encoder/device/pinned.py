"""Arrays in page-locked (pinned) memory, which a GPU reads without a copy by the driver. Experimental: not run on a GPU yet."""

from __future__ import annotations

import contextlib
import ctypes
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: The CUDA runtimes that onnxruntime's wheels are linked with; one of them is loaded where a session runs on CUDA.
_RUNTIMES = ("libcudart.so.13", "libcudart.so.12")


def cuda_runtime() -> Any | None:
    """CUDA's own library, or None where it can not be loaded."""
    for name in _RUNTIMES:
        with contextlib.suppress(OSError):
            return ctypes.CDLL(name)
    return None


def pinned_array(shape: Sequence[int], kind: DTypeLike, cuda: Any | None) -> NDArray[Any]:
    """Zeros, page-locked by ``cuda`` as long as the array lives; plain ones where there is none, or where it refuses."""
    array: NDArray[Any] = np.zeros(shape, kind)
    if cuda is not None and array.nbytes:
        address, size = ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes)
        if cuda.cudaHostRegister(address, size, ctypes.c_uint(0)) == 0:
            weakref.finalize(array, cuda.cudaHostUnregister, address)
        else:
            cuda.cudaGetLastError()  # clears the error, which the next CUDA call in this process would report as its own
    return array
