"""An onnxruntime session on the device that was asked for, or an error."""

from __future__ import annotations

import contextlib
import ctypes.util
import io
import os
import sys
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from .errors import BundleError, DeviceError

Device: TypeAlias = Literal["auto", "cpu", "cuda"]

_CPU = ["CPUExecutionProvider"]
# TF32 would round what the fp32 model computes; the search for the fastest convolution takes seconds for one convolution.
_CUDA = ("CUDAExecutionProvider", {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"})
# How onnxruntime, CUDA and cuBLAS say that memory ran out; they share no exception.
_FULL = ("out of memory", "failed to allocate memory", "alloc_failed", "bad_alloc", "bad allocation")
# onnxruntime logs what it also raises; the exception is enough.
_FATAL, _WARNING = 4, 2


def open_session(
    path: Path, device: Device = "auto", threads: int | None = None, device_megabytes: int | None = None
) -> Any:
    """An InferenceSession for the ONNX file at ``path``. ``threads``: CPU threads, by default all this process may use.
    ``device_megabytes``: at most so much of a GPU's memory.

    ``auto`` takes CUDA only where a trial run on it succeeds, and the CPU without a word otherwise. Raises DeviceError
    when ``cuda`` was asked for and does not work (onnxruntime itself would go on, slowly, on the CPU), BundleError when
    the file is no model.
    """
    if device not in get_args(Device):
        raise DeviceError(f"device {device!r} is not known; choose one of {', '.join(get_args(Device))}")
    if threads is not None and threads < 1:
        raise DeviceError(f"threads is {threads}, expected at least 1")
    if device_megabytes is not None and device_megabytes < 1:
        raise DeviceError(f"device memory is {device_megabytes} MB, expected at least 1")
    import onnxruntime

    return open_with(onnxruntime, path, device, threads, device_megabytes)


def open_with(
    runtime: Any, path: Path, device: Device, threads: int | None, device_megabytes: int | None = None
) -> Any:
    """``open_session`` with the onnxruntime module given."""
    options = runtime.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = threads or available_cores()
    # Waiting threads would burn the cores that decode pictures meanwhile; sleeping costs a run a few hundredths of a ms.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if device == "cuda" or (device == "auto" and _has_cuda(runtime) and gpu_in_sight()):
        try:
            return _cuda_session(runtime, path, options, device_megabytes)
        except DeviceError:
            if device == "cuda":
                raise
    try:
        return runtime.InferenceSession(str(path), options, providers=_CPU)
    except Exception as problem:  # onnxruntime's exceptions share no base but Exception
        raise BundleError(f"{path} cannot be loaded ({_line(problem)}); copy or export the bundle again") from None


def available_cores() -> int:
    """Cores that this process may use: by its affinity and by its container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        if quota != "max":
            cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores


def gpu_in_sight() -> bool:
    """Whether an NVIDIA driver is there. Without one, trying CUDA costs a second and cannot succeed."""
    if sys.platform == "win32":
        return ctypes.util.find_library("nvcuda") is not None
    return os.path.exists("/dev/nvidiactl") or os.path.exists("/dev/dxg")  # the second: Linux inside Windows


def _has_cuda(runtime: Any) -> bool:
    # What the wheel was built with, not what works here.
    return "CUDAExecutionProvider" in runtime.get_available_providers()


def out_of_memory(problem: Exception) -> bool:
    """Whether a run failed for want of memory, so that a smaller batch may succeed."""
    text = str(problem).lower()
    return isinstance(problem, MemoryError) or any(words in text for words in _FULL)


def _cuda_session(runtime: Any, path: Path, options: Any, megabytes: int | None) -> Any:
    """A session that has computed something on CUDA. Raises DeviceError."""
    if not _has_cuda(runtime):
        raise _no_cuda("this onnxruntime was built without it", "pip install onnxruntime-gpu in place of onnxruntime")
    preload = getattr(runtime, "preload_dlls", None)
    if preload:
        # CUDA's libraries from pip packages, where there are. It prints what it does not find; stdout is for data.
        with contextlib.redirect_stdout(io.StringIO()):
            preload(directory="")
    name, settings = _CUDA
    if megabytes is not None:  # the arena would else double what it takes, past the limit
        limit = {"gpu_mem_limit": str(megabytes * 1_000_000), "arena_extend_strategy": "kSameAsRequested"}
        settings = {**settings, **limit}
    runtime.set_default_logger_severity(_FATAL)  # the providers' loader does not ask the session's options
    try:
        session = runtime.InferenceSession(str(path), options, providers=[(name, settings), *_CPU])
        active = session.get_providers()
        if "CUDAExecutionProvider" in active:
            session.run(None, _smallest_input(session))
            return session
    except Exception as problem:
        raise _no_cuda(_line(problem)) from None
    finally:
        runtime.set_default_logger_severity(_WARNING)
    raise _no_cuda(_why_not(runtime) or f"onnxruntime fell back to {', '.join(active)}")


def _smallest_input(session: Any) -> dict[str, Any]:
    """One row of zeros for each input: what is not a fixed size becomes 1."""
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(uint8)": np.uint8}
    return {
        entry.name: np.zeros([size if isinstance(size, int) else 1 for size in entry.shape], kinds[entry.type])
        for entry in session.get_inputs()
    }


def _why_not(runtime: Any) -> str | None:
    if not gpu_in_sight():
        return "no NVIDIA driver is in sight"
    library = Path(getattr(runtime, "__file__", "")).parent / "capi" / "libonnxruntime_providers_cuda.so"
    if library.is_file():
        try:
            ctypes.CDLL(str(library))
        except OSError as problem:  # names the library that is missing
            return _line(problem)
    return None


def _no_cuda(reason: str, remedy: str = "pip install 'clipseek[gpu]'") -> DeviceError:
    return DeviceError(f"device cuda was asked for and does not work ({reason}); try {remedy}, or --device cpu")


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200] or type(problem).__name__
