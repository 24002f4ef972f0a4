"""An onnxruntime session on the device that was asked for, or an error."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .errors import BundleError, DeviceError

Device: TypeAlias = Literal["auto", "cpu", "cuda"]


def open_session(path: Path, device: Device = "auto", threads: int | None = None) -> Any:
    """A session for the ONNX file at ``path``. ``threads``: how many of the CPU's; by default all that this process may use.

    Raises DeviceError when ``cuda`` was asked for and is not active afterwards (onnxruntime itself would go on, quietly and
    slowly, on the CPU), BundleError when the file is no model.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4 if device == "auto" else 3
    options.intra_op_num_threads = threads or available_cores()
    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"device {device!r} is not known; choose auto, cpu or cuda")
    wanted = ["CPUExecutionProvider"] if device == "cpu" or not _worth_trying(ort, device) else []
    if not wanted:
        if hasattr(ort, "preload_dlls"):
            ort.preload_dlls(directory="")
        wanted = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    try:
        session = ort.InferenceSession(str(path), options, providers=wanted)
    except Exception as problem:  # onnxruntime's exceptions share no base but Exception
        if device == "cuda":
            raise DeviceError(_no_cuda(str(problem))) from None
        raise BundleError(
            f"{path} cannot be loaded ({' '.join(str(problem).split())[:200]}); export it again"
        ) from None
    if device == "cuda" and "CUDAExecutionProvider" not in session.get_providers():
        raise DeviceError(_no_cuda("onnxruntime fell back to the CPU"))
    return session


def available_cores() -> int:
    """Cores that this process may run on (a container's share, not the machine's)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _worth_trying(ort: Any, device: Device) -> bool:
    # get_available_providers() lists what the wheel was built with. Without a driver, trying prints a red page and fails.
    if device == "cuda":
        if "CUDAExecutionProvider" not in ort.get_available_providers():
            raise DeviceError(_no_cuda("this onnxruntime was built without it"))
        return True
    return "CUDAExecutionProvider" in ort.get_available_providers() and os.path.exists("/dev/nvidiactl")


def _no_cuda(reason: str) -> str:
    return (
        f"cuda was asked for and is not active ({' '.join(reason.split())[:160]}); install the GPU's libraries with: "
        "pip install 'clipseek[gpu]', or use --device cpu"
    )
