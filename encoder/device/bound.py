"""A session whose inputs and outputs stay in buffers on its device, in a few fixed shapes.

A GPU chooses kernels and memory anew for each shape, and onnxruntime allocates and copies for each run. Batches padded to one
of a few sizes, in buffers that are allocated once, cost neither. Of each shape there are two sets of buffers, so that one thread
fills the second while the device works on the first: 256 pictures take as long to copy as to encode (docs/log/gpu.md).
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..bundle.bundle import Bundle
from .gpu import TENSORRT
from .session import out_of_memory

#: Texts are padded to a multiple of this many tokens.
LENGTHS = 8
#: Threads that may hold buffers at once: one whose batch the device has, and one that fills the next.
AHEAD = 2
#: What a batch of pictures or texts is given as: an array, or a row of it each, which saves stacking them first.
Rows: TypeAlias = "NDArray[Any] | Sequence[NDArray[Any]]"
#: The CUDA runtimes that onnxruntime's wheels are linked with; one of them is loaded where a session runs on CUDA.
_CUDA_RUNTIMES = ("libcudart.so.13", "libcudart.so.12")


@dataclass(frozen=True, eq=False)
class _Buffers:
    host: dict[str, NDArray[Any]]
    device: dict[str, Any]
    output: Any
    binding: Any


class BoundSession:
    """In place of ``session``, the one of ``tower``; ``run`` gives what ``session.run`` gives. Thread-safe: the device has one run
    at a time, while another thread may fill the buffers of the next.

    ``sizes``: of batches, ascending; texts are padded to a multiple of ``step`` tokens. ``device`` cpu works too (tests).
    """

    def __init__(
        self, session: Any, tower: str, bundle: Bundle, sizes: Sequence[int], step: int = LENGTHS, device: str = "cuda"
    ) -> None:
        self._session, self._output, self._dimension = session, f"{tower}_embeds", bundle.dimension
        self._padding = {"input_ids": bundle.text.pad_id, "attention_mask": 0}
        self._sizes, self._longest, self._step = list(sizes), bundle.text.context_length, step
        self._device, self._cuda = device, cuda_runtime() if device == "cuda" else None
        self._one_at_a_time, self._places = threading.Lock(), threading.BoundedSemaphore(AHEAD)
        self._idle: dict[tuple[tuple[int, ...], ...], list[_Buffers]] = {}

    def get_inputs(self) -> Any:
        """The session's own."""
        return self._session.get_inputs()

    def get_providers(self) -> list[str]:
        """The session's own."""
        providers: list[str] = self._session.get_providers()
        return providers

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, Rows]) -> list[NDArray[np.float32]]:
        """The output's rows for these inputs, in a list of their own. ``names`` is that output, or nothing."""
        if names is not None and list(names) != [self._output]:
            raise ValueError(f"outputs {list(names)}, expected {self._output!r}")
        count = len(next(iter(inputs.values())))
        shapes = {name: self._padded((len(rows), *rows[0].shape)) for name, rows in inputs.items()}
        key = tuple(shapes.values())
        with self._places:
            try:
                buffers = self._take(key) or self._buffers(inputs, shapes)
                for name, rows in inputs.items():
                    self._put(buffers.host[name], rows, name)
                with self._one_at_a_time:
                    for name in inputs:
                        buffers.device[name].update_inplace(buffers.host[name])
                    self._session.run_with_iobinding(buffers.binding)
                    # A copy, because the next run writes over the buffer.
                    found = np.array(buffers.output.numpy()[:count])
            except BaseException as problem:
                self._idle.pop(key, None)  # a smaller batch may need the memory
                if isinstance(problem, Exception) and out_of_memory(problem):
                    size = next(iter(shapes.values()))[0]  # and must not be padded to this size again
                    self._sizes = [fits for fits in self._sizes if fits < size]
                raise
            self._idle.setdefault(key, []).append(buffers)
        return [found]

    def _take(self, key: tuple[tuple[int, ...], ...]) -> _Buffers | None:
        """Buffers of these shapes that nobody holds."""
        try:
            return self._idle[key].pop()
        except (KeyError, IndexError):
            return None

    def _padded(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        rows = next((size for size in self._sizes if size >= shape[0]), shape[0])
        if len(shape) != 2:
            return (rows, *shape[1:])
        return rows, max(shape[1], min(self._longest, -(-shape[1] // self._step) * self._step))

    def _buffers(self, inputs: Mapping[str, Rows], shapes: Mapping[str, tuple[int, ...]]) -> _Buffers:
        from onnxruntime import OrtValue

        binding = self._session.io_binding()
        host, device = {}, {}
        make = OrtValue.ortvalue_from_shape_and_type
        for name, given in inputs.items():
            kind = given[0].dtype
            host[name] = pinned_array(shapes[name], kind, self._cuda)
            device[name] = make(list(shapes[name]), kind.type, self._device)
            binding.bind_ortvalue_input(name, device[name])
        rows = next(iter(shapes.values()))[0]
        output = make([rows, self._dimension], np.float32, self._device)
        binding.bind_ortvalue_output(self._output, output)
        return _Buffers(host, device, output, binding)

    def _put(self, host: NDArray[Any], rows: Rows, name: str) -> None:
        """Copy ``rows`` in, padded; what is beyond them repeats the first, which is a valid input."""
        count = len(rows)
        if host.ndim == 2 and host.shape[1] > len(rows[0]):
            host[:, len(rows[0]) :] = self._padding[name]
            host[:count, : len(rows[0])] = rows
        elif isinstance(rows, np.ndarray):
            host[:count] = rows
        else:
            for at, row in enumerate(rows):
                host[at] = row
        host[count:] = host[0]


def batch_sizes(most: int) -> list[int]:
    """1, 2, 4 … up to ``most``, which is one of them."""
    return [*(2**power for power in range(most.bit_length()) if 2**power < most), most]


def bound_to_gpu(session: Any, tower: str, bundle: Bundle, most: int) -> BoundSession:
    """``session``, which runs on a GPU, with buffers there for batches of up to ``most``."""
    if (
        TENSORRT in session.get_providers()
    ):  # it builds for minutes for each new shape: only batches of one, and whole ones
        return BoundSession(session, tower, bundle, sorted({1, most}), bundle.text.context_length)
    return BoundSession(session, tower, bundle, batch_sizes(most))


def cuda_runtime() -> Any | None:
    """CUDA's own library, or None where it can not be loaded."""
    for name in _CUDA_RUNTIMES:
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
