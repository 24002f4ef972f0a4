"""CUDA and TensorRT: their libraries found, their settings, and one line of reason where they do not work."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import importlib.util
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.files.text import reason_of

from ..errors import DeviceError

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"

# TF32 would round what the fp32 model computes; the search for the fastest convolution takes seconds for one convolution.
_CUDA_SETTINGS = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
#: What onnxruntime's TensorRT provider is linked with, in a pip package of their own, which is large and no dependency.
_TENSORRT_LIBRARIES = ("libnvinfer.so.10", "libnvinfer_plugin.so.10", "libnvonnxparser.so.10")
_NO_DRIVER, _BUILT_WITHOUT = "no NVIDIA driver is in sight", "this onnxruntime was built without it"
# onnxruntime logs what it also raises; the exception is enough.
_FATAL, _WARNING = 4, 2


@dataclass(frozen=True)
class TensorRT:
    """Options of the device ``tensorrt``, which is experimental: it has not been run on a GPU yet.

    ``cache``: folder of built engines, of one model alone, because the names that TensorRT gives them do not depend on weights.
    ``fp16``: let it compute in fp16 what the graph has in fp32; vectors then differ a little. ``tokens``: length of the text in the
    trial run; building an engine for a length takes minutes, so it should be the length that is used.
    """

    cache: Path | None = None
    fp16: bool = False
    tokens: int = 1


def gpu_in_sight() -> bool:
    """Whether an NVIDIA driver is there. Without one, trying CUDA costs a second and cannot succeed."""
    if sys.platform == "win32":
        return ctypes.util.find_library("nvcuda") is not None
    return os.path.exists("/dev/nvidiactl") or os.path.exists("/dev/dxg")  # the second: Linux inside Windows


def gpu_session(
    runtime: Any, path: Path, options: Any, device: str, megabytes: int | None = None, tensorrt: TensorRT | None = None
) -> Any:
    """A session that has computed something on ``device``, cuda or tensorrt. Raises DeviceError."""
    wanted = TENSORRT if device == "tensorrt" else CUDA
    if wanted not in runtime.get_available_providers():
        raise _does_not_work(runtime, device, _BUILT_WITHOUT)
    preload = getattr(runtime, "preload_dlls", None)
    if preload:
        # CUDA's libraries from pip packages, where there are. It prints what it does not find; stdout is for data.
        with contextlib.redirect_stdout(io.StringIO()):
            preload(directory="")
    providers: list[Any] = [(CUDA, _cuda_settings(megabytes)), CPU]
    if device == "tensorrt":
        _load_tensorrt()
        providers.insert(0, (TENSORRT, tensorrt_settings(tensorrt or TensorRT(), megabytes)))
    runtime.set_default_logger_severity(_FATAL)  # the providers' loader ignores the session's options
    try:
        # Its fallback prints on stdout, and is refused below in any case.
        session = runtime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)
        active = session.get_providers()
        if wanted in active:
            session.run(None, smallest_inputs(session, tensorrt.tokens if tensorrt else 1))
            return session
    except Exception as problem:  # onnxruntime's exceptions share no base but Exception
        raise _does_not_work(runtime, device, _why_not(runtime, device) or reason_of(problem)) from None
    finally:
        runtime.set_default_logger_severity(_WARNING)
    fell_back = f"onnxruntime fell back to {', '.join(active)}"
    raise _does_not_work(runtime, device, _why_not(runtime, device) or fell_back)


def _cuda_settings(megabytes: int | None) -> dict[str, str]:
    if megabytes is None:
        return dict(_CUDA_SETTINGS)
    # The arena would else double what it takes, past the limit.
    return {**_CUDA_SETTINGS, "gpu_mem_limit": str(megabytes * 1_000_000), "arena_extend_strategy": "kSameAsRequested"}


def tensorrt_settings(chosen: TensorRT, megabytes: int | None) -> dict[str, str]:
    """Options of onnxruntime's TensorRT provider. Raises DeviceError where its cache folder cannot be made."""
    settings = {"trt_fp16_enable": str(int(chosen.fp16)), "trt_layer_norm_fp32_fallback": str(int(chosen.fp16))}
    if megabytes is not None:
        settings["trt_max_workspace_size"] = str(megabytes * 1_000_000)
    if chosen.cache is not None:
        try:
            chosen.cache.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise DeviceError(
                f"engines cannot be kept in {chosen.cache} ({problem.strerror or problem}); "
                "name another folder with --tensorrt-cache"
            ) from None
        settings |= {
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(chosen.cache),
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(chosen.cache),
        }
    return settings


def _load_tensorrt() -> None:
    """Load its libraries from the pip package, where it is installed; else the system's are used, or reported as missing later."""
    package = importlib.util.find_spec("tensorrt_libs")
    for folder in (package.submodule_search_locations or []) if package else []:
        for name in _TENSORRT_LIBRARIES:
            with contextlib.suppress(OSError):
                ctypes.CDLL(str(Path(folder) / name), mode=ctypes.RTLD_GLOBAL)


def smallest_inputs(session: Any, tokens: int = 1) -> dict[str, Any]:
    """One row of zeros for each input: what is not a fixed size becomes 1, or for a text's length ``tokens``."""
    sizes = {"sequence": tokens}
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(uint8)": np.uint8}
    return {
        entry.name: np.zeros(
            [size if isinstance(size, int) else sizes.get(size, 1) for size in entry.shape], kinds[entry.type]
        )
        for entry in session.get_inputs()
    }


def _why_not(runtime: Any, device: str) -> str | None:
    if not gpu_in_sight():
        return _NO_DRIVER
    home = Path(getattr(runtime, "__file__", "")).parent / "capi"
    for provider in ("cuda", "tensorrt") if device == "tensorrt" else ("cuda",):  # TensorRT's library needs CUDA's
        library = home / f"libonnxruntime_providers_{provider}.so"
        if library.is_file():
            try:
                ctypes.CDLL(str(library))
            except OSError as problem:  # names the library that is missing
                return reason_of(problem)
    return None


def _does_not_work(runtime: Any, device: str, reason: str) -> DeviceError:
    if reason == _BUILT_WITHOUT:
        remedy = "pip install onnxruntime-gpu in place of onnxruntime"
    elif reason == _NO_DRIVER or "libcuda.so" in reason:  # which no package brings
        remedy = "a machine with an NVIDIA GPU and its driver"
    elif "nvinfer" in reason or "nvonnxparser" in reason:
        major = str(getattr(runtime, "cuda_version", "") or "13").split(".")[0]
        remedy = f"pip install 'tensorrt-cu{major}-libs<11'"
    else:
        remedy = "pip install 'clipseek[gpu]'"
    return DeviceError(f"device {device} does not work here ({reason}); try {remedy}, or --device cpu")
