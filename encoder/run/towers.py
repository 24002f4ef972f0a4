"""The towers of a bundle on a device: sessions opened when they are first needed, and batches as large as its memory holds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..bundle.bundle import Bundle
from ..bundle.unchanged import same_file
from ..device.bound import BoundSession, Rows, bound_to_gpu
from ..device.gpu import CUDA, TensorRT, gpu_in_sight
from ..device.session import Device, available_cores, open_session, out_of_memory
from ..errors import BundleError, DeviceError, EncoderError
from .stages import Stages

_LOG = logging.getLogger(__name__)
#: Inputs on a GPU that are worth a second run, so that copying them does not hold up the device.
_WORTH_TWO_RUNS = 64

Input = TypeVar("Input")
Done = TypeVar("Done")


class Towers:
    """``image``, ``text`` and ``patches`` of a bundle. Thread-safe; the arguments are those of ``ClipEncoder``.

    Raises DeviceError where the bundle's precision does not run on ``device``.
    """

    def __init__(
        self,
        bundle: Bundle,
        device: Device,
        threads: int | None,
        batch_size: int,
        device_megabytes: int | None,
        tensorrt: TensorRT | None,
        stages: Stages,
    ) -> None:
        self._bundle, self._stages = bundle, stages
        self._device = _device_for(bundle, device)
        # An int8 product is over before a second thread has woken up: each thread rather takes a part of the batch
        # (docs/log/encoder-speed.md).
        cores = threads or available_cores()
        alone = bundle.precision == "int8" and self._device == "cpu" and cores > 1
        self._threads = 1 if alone else threads
        if alone:
            self._lanes = Lanes(cores)
        elif self._device != "cpu" and gpu_in_sight():
            # One lane fills buffers while the device has the other's; a few inputs are quicker in one run.
            self._lanes = Lanes(2, _WORTH_TWO_RUNS)
        else:
            self._lanes = Lanes(1)
        self._batch_size = max(1, batch_size)
        self._device_megabytes, self._tensorrt = device_megabytes, tensorrt or TensorRT()
        self._opening = threading.Lock()
        self._sessions: dict[str, Any] = {}

    def map(self, work: Callable[[Sequence[Input]], Done], inputs: Sequence[Input]) -> list[Done]:
        """``work`` of runs of ``inputs``, each of at most a batch, in their order."""
        return self._lanes.run(work, inputs, lambda: self._batch_size)

    def run(self, tower: str, inputs: Mapping[str, Rows]) -> NDArray[np.float32]:
        """Embeddings of one batch: (N, D) float32, not normalised; of ``patches`` (N, G * G, D).

        A batch that the device's memory does not hold is run in halves. Raises EncoderError where the tower fails or gives numbers
        that are not finite, BundleError where its vectors are of another length than the bundle's.
        """
        session, count = self.session(tower), len(next(iter(inputs.values())))
        try:
            with self._stages.measure("device"):
                given = inputs if isinstance(session, BoundSession) else _stacked(inputs)
                rows: NDArray[np.float32] = session.run([f"{tower}_embeds"], given)[0]
        except Exception as problem:  # onnxruntime's exceptions share no base but Exception
            if count > 1 and out_of_memory(problem):
                return self._run_halves(tower, inputs, count // 2)
            raise EncoderError(
                f"{tower}.onnx failed on a batch of {count} ({reason_of(problem)}); try a smaller batch or --device cpu"
            ) from None
        dimension = self._bundle.dimension
        if rows.shape[-1] != dimension or rows.ndim != (3 if tower == "patches" else 2):
            raise BundleError(f"{tower}.onnx gives {rows.shape[1:]} numbers, expected {dimension}; export it again")
        if not np.isfinite(rows).all():
            raise EncoderError(f"{tower}.onnx gives vectors that are no numbers (NaN or infinite); export it again")
        return rows

    def session(self, tower: str) -> Any:
        """The tower's onnxruntime session, or what stands for it on a GPU; opened once."""
        if tower not in self._sessions:
            with self._opening:
                if tower not in self._sessions:
                    self._sessions[tower] = self._open(tower)
        return self._sessions[tower]

    def _run_halves(self, tower: str, inputs: Mapping[str, Rows], half: int) -> NDArray[np.float32]:
        """The same run in two, and smaller batches from now on."""
        if half < self._batch_size:
            self._batch_size = half
            _LOG.warning(
                "the device's memory does not hold the batch of %s.onnx; going on with batches of %d", tower, half
            )
        halves = (slice(half), slice(half, None))
        return np.concatenate(
            [self.run(tower, {name: values[rows] for name, values in inputs.items()}) for rows in halves]
        )

    def _open(self, tower: str) -> Any:
        options, tensorrt = self._tensorrt, None
        if self._device == "tensorrt":
            name = f"{self._bundle.fingerprint[:16]}{'-fp16' if options.fp16 else ''}"
            cache = options.cache and options.cache / name
            tensorrt = TensorRT(cache, options.fp16, self._bundle.text.context_length)
        with same_file(self._bundle, f"{tower}.onnx") as path:
            session = open_session(path, self._device, self._threads, self._device_megabytes, tensorrt)
        if tower == "patches" or CUDA not in session.get_providers():
            return session
        return bound_to_gpu(session, tower, self._bundle, self._batch_size)


def _device_for(bundle: Bundle, device: Device) -> Device:
    """``device``, or the one that ``auto`` must mean for the bundle's precision."""
    if bundle.precision == "bf16":
        if device == "cpu" or not gpu_in_sight():
            raise DeviceError(
                f"{bundle.path} computes in bf16, for which onnxruntime's CPU provider has no products; run it with --device "
                "cuda where there is an NVIDIA GPU, or export it with --precision fp16, int8 or fp32"
            )
        return "cuda" if device == "auto" else device
    # CUDA has no kernels for int8: those towers would be shuttled to the CPU product by product.
    return "cpu" if device == "auto" and bundle.precision == "int8" else device


def _stacked(inputs: Mapping[str, Rows]) -> dict[str, NDArray[Any]]:
    """Each input as one array; what is one already is not copied."""
    return {name: rows if isinstance(rows, np.ndarray) else np.stack(rows) for name, rows in inputs.items()}


class Lanes:
    """``count`` threads that take a batch part by part, instead of one batch on all threads; the first batch of ``least`` inputs
    starts them, and shorter ones stay on the caller's thread."""

    def __init__(self, count: int, least: int = 2) -> None:
        self.count, self._least = max(1, count), least
        self._starting = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def run(
        self, work: Callable[[Sequence[Input]], Done], inputs: Sequence[Input], most: Callable[[], int]
    ) -> list[Done]:
        """``work`` of runs of ``inputs``, in their order; the first failure is raised.

        All lanes together hold at most ``most()`` inputs at a time (one each where that is fewer). On the caller's thread, ``most``
        is called again before each part.
        """
        if self.count == 1 or len(inputs) < self._least:
            return [work(part) for part in _parts(inputs, 1, most)]
        with self._starting:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="encoder")
        return list(self._pool.map(work, _parts(inputs, self.count, most)))


def _parts(inputs: Sequence[Input], lanes: int, most: Callable[[], int]) -> Iterator[Sequence[Input]]:
    """Short inputs are spread over the lanes evenly; long ones in parts as large as ``most`` allows."""
    even = -(-len(inputs) // lanes)
    start = 0
    while start < len(inputs):
        size = max(1, min(most() // lanes, even))
        yield inputs[start : start + size]
        start += size
