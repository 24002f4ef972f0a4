"""An onnxruntime session on the named device, or an error."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from clipseek.files.text import reason_of

from ..errors import BundleError, DeviceError
from .gpu import CPU, CUDA, TensorRT, gpu_in_sight, gpu_session

Device: TypeAlias = Literal["auto", "cpu", "cuda", "tensorrt"]

# In the messages of onnxruntime, CUDA and cuBLAS when memory runs out; they share no exception.
_FULL = ("out of memory", "failed to allocate memory", "alloc_failed", "bad_alloc", "bad allocation")
_FATAL = 4


def open_session(
    path: Path,
    device: Device = "auto",
    threads: int | None = None,
    device_megabytes: int | None = None,
    tensorrt: TensorRT | None = None,
    runtime: Any = None,
) -> Any:
    """An InferenceSession for the ONNX file at ``path``. ``threads``: CPU threads, by default all this process may use.
    ``device_megabytes``: the most of a GPU's memory. ``runtime``: the onnxruntime module, by default the installed one.

    ``auto`` takes CUDA only where a trial run on it succeeds, and otherwise the CPU, without a warning. Raises DeviceError
    when ``cuda`` or ``tensorrt`` is named and does not work (onnxruntime itself would go on, slowly, on the CPU),
    BundleError when the file is no model.
    """
    if device not in get_args(Device):
        raise DeviceError(f"device {device!r} is not known; choose one of {', '.join(get_args(Device))}")
    if threads is not None and threads < 1:
        raise DeviceError(f"threads is {threads}, expected at least 1")
    if device_megabytes is not None and device_megabytes < 1:
        raise DeviceError(f"device memory is {device_megabytes} MB, expected at least 1")
    if runtime is None:
        import onnxruntime

        runtime = onnxruntime
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = threads or available_cores()
    # Waiting threads would burn the cores that decode pictures meanwhile; sleeping costs a run a few hundredths of a ms.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if device in ("cuda", "tensorrt"):
        return gpu_session(runtime, path, options, device, device_megabytes, tensorrt)
    if device == "auto" and CUDA in runtime.get_available_providers() and gpu_in_sight():
        with contextlib.suppress(DeviceError):
            return gpu_session(runtime, path, options, "cuda", device_megabytes)
    try:
        return runtime.InferenceSession(str(path), options, providers=[CPU])
    except Exception as problem:  # onnxruntime's exceptions share no base but Exception
        raise BundleError(f"{path} cannot be loaded ({reason_of(problem)}); copy or export the bundle again") from None


def available_cores() -> int:
    """Cores that this process may use: by its affinity and by its container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        if quota != "max":
            cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores


def out_of_memory(problem: Exception) -> bool:
    """Whether a run failed for want of memory, so that a smaller batch may succeed."""
    text = str(problem).lower()
    return isinstance(problem, MemoryError) or any(words in text for words in _FULL)
